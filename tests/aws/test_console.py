"""The console's hosts in every partition, and what `console` sends there."""

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from fakes.one_answer import answering, endless
from fakes.places import needs

from oidc_helper.aws import console
from oidc_helper.aws.console import Place
from oidc_helper.errors import OidcHelperError, Refused, TryAgain, WrongSettings
from oidc_helper.machine import requests
from oidc_helper.machine.requests import Answer

KEYS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "SessionToken": "IQoJb3JpZ2luX2VjEXAMPLETOKEN/+=",
}
PARTITIONS = Loader().load_data("partitions")
REGIONS = [
    (one["id"], region) for one in PARTITIONS["partitions"] for region in one["regions"] if not region.startswith("aws")
]
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-iso": "console.c2shome.ic.gov",
    "aws-iso-b": "console.sc2shome.sgov.gov",
    "aws-iso-e": "console.csphome.adc-e.uk",
    "aws-iso-f": "console.csphome.hci.ic.gov",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SIGNIN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("partition", "region"), REGIONS)
def test_each_region_has_the_hosts_of_its_partition(partition: str, region: str) -> None:
    """The sign-in is where botocore's rules have it."""
    rules = Loader().load_service_model("signin", "endpoint-rule-set-1")
    theirs = EndpointProvider(rules, PARTITIONS).resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
    where = console.place(region)
    has_rule = not theirs.url.startswith("https://signin.")  # the form of every other service
    needs(has_rule, f"a botocore with a rule for the sign-in of {partition}")

    assert where.sign_in == theirs.url
    assert where.console == f"https://{region}.{CONSOLES[partition]}"


@pytest.mark.parametrize("partition", CONSOLES)
def test_the_credentials_are_posted_and_in_no_url(partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In all partitions; the address that the browser opens has the sign-in token alone."""
    region = next(region for one, region in REGIONS if one == partition)
    asked = []

    def ask(url: str, **rest: Any) -> Answer:
        asked.append((url, rest))
        return Answer(200, b'{"SigninToken": "a+b/c="}', {})

    monkeypatch.setattr(console, "ask", ask)
    where = console.place(region)
    token = console.sign_in_token(where, KEYS, duration_s=None, timeout_s=9, ca_bundle=None)
    address = console.address(where, token, console.page(where, region))
    ((url, rest),) = asked

    assert url == f"https://{urlsplit(where.sign_in).hostname}/federation"
    assert dict(parse_qsl(rest["body"].decode())) == {
        "Action": "getSigninToken",
        "Session": json.dumps(
            {
                "sessionId": KEYS["AccessKeyId"],
                "sessionKey": KEYS["SecretAccessKey"],
                "sessionToken": KEYS["SessionToken"],
            },
            separators=(",", ":"),
        ),
    }
    assert dict(parse_qsl(urlsplit(address).query)) == {
        "Action": "login",
        "Issuer": "oidc-helper",
        "Destination": f"{where.console}/console/home?region={region}",
        "SigninToken": "a+b/c=",
    }
    assert not any(secret in address for secret in KEYS.values())


def test_what_is_sent_is_a_form_by_post() -> None:
    """Nothing of it is in the line of the request, which proxies and servers log."""
    with answering(200, b'{"SigninToken": "t"}') as (url, asked):
        place = Place(url, "https://console.example")
        assert console.sign_in_token(place, KEYS, duration_s=900, timeout_s=9, ca_bundle=None) == "t"

    assert "Content-Type: application/x-www-form-urlencoded" in asked[0]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html><h1>Please log in to the network</h1>", Refused),
        (200, b'{"SigninToken": 5}', Refused),
        (200, b'{"SigninToken": ""}', Refused),
        (200, b'{"SigninToken": "a\\u001b[2J"}', Refused),
        (200, b'{"Other": "x"}', Refused),
        (200, b"[" * 100_000, Refused),
        (200, b" " * 3_000_000, Refused),
        (302, b"", Refused),
        (400, b"<html>Bad Request</html>", Refused),
        (403, b"", Refused),
        (429, b"", TryAgain),
        (503, b"<html>", TryAgain),
    ],
)
def test_an_answer_without_a_token_is_an_error(status: int, body: bytes, kind: type[OidcHelperError]) -> None:
    """One line, with no word of the answer, which may be a page of anybody."""
    with answering(status, body) as (url, asked), pytest.raises(kind) as failed:
        console.sign_in_token(Place(url, ""), KEYS, duration_s=None, timeout_s=9, ca_bundle=None)

    assert len(asked) == 1
    assert f"HTTP status {status}" in failed.value.message
    assert "<" not in failed.value.message
    assert failed.value.hint


def test_an_answer_without_end_is_cut() -> None:
    with endless(200) as (url, cut), pytest.raises(Refused):
        console.sign_in_token(Place(url, ""), KEYS, duration_s=None, timeout_s=9, ca_bundle=None)

    assert cut.wait(30)


def test_only_a_request_with_a_duration_may_be_asked_again() -> None:
    with answering(400, b"") as (url, _):
        with pytest.raises(console.DurationRefused):
            console.sign_in_token(Place(url, ""), KEYS, duration_s=900, timeout_s=9, ca_bundle=None)
        with pytest.raises(Refused) as failed:
            console.sign_in_token(Place(url, ""), KEYS, duration_s=None, timeout_s=9, ca_bundle=None)

    assert not isinstance(failed.value, console.DurationRefused)


def test_an_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an SDK, and never without TLS to another machine."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", "https://signin.test:8443/")
    assert console.place("eu-west-1").federation == "https://signin.test:8443/federation"

    monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", "http://signin.test")
    with pytest.raises(WrongSettings, match="AWS_ENDPOINT_URL_SIGNIN leads to signin.test without TLS"):
        console.place("eu-west-1")


def test_signing_out_before_needs_the_host_that_can() -> None:
    """The address of the sign-in is encoded whole, in the address of the sign-out."""
    where = console.place("eu-west-1", signs_out=True)
    landing = console.page(where, "eu-west-1", service="s3")
    leaving = urlsplit(console.address(where, "t&t", landing, signs_out=True))
    query = parse_qs(leaving.query)

    assert (leaving.netloc, leaving.path) == ("us-east-1.signin.aws.amazon.com", "/oauth")
    assert query.keys() == {"Action", "redirect_uri"}
    login = urlsplit(query["redirect_uri"][0])
    assert (login.netloc, login.path) == (leaving.netloc, "/federation")
    assert parse_qs(login.query)["Destination"] == ["https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"]
    assert parse_qs(login.query)["SigninToken"] == ["t&t"]
    with pytest.raises(WrongSettings, match="cannot sign out"):
        console.place("us-gov-west-1", signs_out=True)


@pytest.mark.parametrize(
    ("words", "landing"),
    [
        ({}, "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"),
        ({"service": "ec2/v2"}, "https://eu-west-1.console.aws.amazon.com/ec2/v2/home?region=eu-west-1"),
        ({"destination": "/ec2/home#Instances:"}, "https://eu-west-1.console.aws.amazon.com/ec2/home#Instances:"),
        ({"destination": "https://x.quicksight.aws.amazon.com/"}, "https://x.quicksight.aws.amazon.com/"),
    ],
)
def test_the_landing_page_is_a_service_or_named(words: dict[str, str], landing: str) -> None:
    assert console.page(console.place("eu-west-1"), "eu-west-1", **words) == landing


@pytest.mark.parametrize(
    "words",
    [
        {"service": "s3?x=1"},
        {"service": "../x"},
        {"service": "S3"},
        {"destination": "http://console.aws.amazon.com/"},
        {"destination": "javascript:alert(1)"},
        {"destination": "/a b"},
        {"destination": "https://a\\@b/"},
        {"destination": "ec2"},
    ],
)
def test_another_page_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(WrongSettings, match=f"--{next(iter(words))}"):
        console.page(console.place("eu-west-1"), "eu-west-1", **words)


@pytest.mark.parametrize(("form", "scheme"), console.CONTAINERS.items())
def test_a_container_has_the_name_of_the_profile(form: str, scheme: str) -> None:
    """The address is encoded as a whole, so that none of it becomes the extension's own."""
    url = console.in_container("https://x/federation?a=b&c=d+e", form=form, name="dev admin")
    told = urlsplit(url)

    assert told.scheme == scheme
    query = parse_qs(told.path)
    assert query["url"] == ["https://x/federation?a=b&c=d+e"]
    assert query["name"] == ["dev admin"]
    assert "+admin" not in url


def test_redirects_are_not_followed() -> None:
    """They could lead the credentials anywhere."""
    with answering(307, b"") as (url, asked):
        assert requests.ask(f"{url}/federation", body=b"a=b", timeout_s=9).status == 307

    assert len(asked) == 1
