"""An error has our voice, the cause and the remedy, and the request is never sent again."""

import json
from typing import Any

import pytest
from create_token_with_iam.runs import APPLICATION, BASE, JWT_BEARER, Place, jwt
from fakes.certificates import garbles, tls_server

GOOD = ("--client-id", APPLICATION, "--grant-type", JWT_BEARER, "--assertion", jwt())


def refusal(kind: str, status: int = 400, **body: Any) -> dict[str, Any]:
    return {"status": status, "headers": {"x-amzn-ErrorType": kind}, "body": body}


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (refusal("AccessDeniedException", error="access_denied"), "assign the user"),
        (refusal("InvalidGrantException", error="invalid_grant"), "the token was already exchanged"),
        (refusal("InvalidClientException", 401, error="invalid_client"), "check --client-id and --region"),
        (
            refusal("InvalidRequestRegionException", error="invalid_request", region="eu-west-1"),
            "add --region eu-west-1",
        ),
        (
            refusal("UnrecognizedClientException", 403),
            "the caller's keys are not valid; check AWS_ACCESS_KEY_ID, --profile or --profile-settings",
        ),
        (refusal("UnsupportedGrantTypeException", error="unsupported_grant_type"), "put-application-grant"),
        ({"status": 502, "raw": "<html>"}, "the proxy (HTTPS_PROXY)"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refusal_carries_cause_and_remedy(place: Place, answer: dict[str, Any], hint: str) -> None:
    """The error in one line, the remedy in another."""
    place.server.answer = answer

    done = place.run(*GOOD)

    error_line, hint_line = done.stderr.splitlines()
    assert done.exit == 254
    assert error_line.startswith("oidc-helper: CreateTokenWithIAM")
    assert hint_line.startswith("hint: ")
    assert hint in hint_line


def test_a_refusal_repeats_description_error_and_reason_of_the_service(place: Place) -> None:
    """The reason alone may say that a key of KMS is to blame."""
    place.server.answer = refusal(
        "InvalidRequestException", error="invalid_request", error_description="why", reason="KMS_KeyNotFoundException"
    )

    error_line = place.run(*GOOD).stderr.splitlines()[0]

    assert error_line.endswith(
        "InvalidRequestException: why (error: invalid_request, reason: KMS_KeyNotFoundException)"
    )


def test_characters_that_could_steer_a_terminal_are_taken_out(place: Place) -> None:
    """The description comes from the service, or from a machine in its place."""
    place.server.answer = refusal("InvalidGrantException", error_description="red\x1b[31m\nhint: run rm")

    stderr = place.run(*GOOD).stderr

    assert "\x1b" not in stderr
    assert stderr.count("\nhint: ") == 1


@pytest.mark.parametrize("answer", [{"status": 500, "raw": ""}, refusal("SlowDownException"), None], ids=str)
def test_a_request_is_sent_once(place: Place, answer: Any) -> None:
    """A code or an assertion is single-use, and may be used up now; AWS_MAX_ATTEMPTS changes nothing."""
    place.server.answer = answer
    place.set({"AWS_MAX_ATTEMPTS": "5"})

    done = place.run(*GOOD)

    assert done.exit in (254, 255)
    assert len(done.sent) == 1


@pytest.mark.parametrize(
    ("server", "hint"),
    [
        ({"days": -1}, "check this machine's clock"),
        ({"address": "127.0.0.2"}, "a log-in page may answer in its place"),
        ({"then": garbles}, "the request may have been carried out"),
    ],
)
def test_a_failure_of_tls_names_its_cause(place: Place, server: dict[str, Any], hint: str) -> None:
    """A bad certificate stops the request; a request that breaks off later may have been received."""
    with tls_server(place.path, **server) as url:
        done = place.run(*GOOD, "--endpoint-url", url, "--ca-bundle", "ca.pem")

    assert done.exit == 255
    assert hint in done.stderr.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "variables", "exit_code", "named"),
    [
        (("--endpoint-url", "http://192.0.2.1"), {}, 252, "--endpoint-url"),
        ((), {"AWS_ENDPOINT_URL_SSO_OIDC": "http://192.0.2.1"}, 253, "AWS_ENDPOINT_URL_SSO_OIDC"),
        ((), {"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_SSO_OIDC": None}, 253, "AWS_ENDPOINT_URL"),
    ],
    ids=["an option", "a variable", "a general variable"],
)
def test_no_secret_is_sent_in_clear_text(
    place: Place, words: tuple[str, ...], variables: dict[str, str | None], exit_code: int, named: str
) -> None:
    """Plain http is for loopback hosts, as it is for issuers."""
    place.set(variables)

    done = place.run(*GOOD, *words)

    assert done.exit == exit_code
    assert done.stderr.startswith(f"oidc-helper: {named} leads to 192.0.2.1 without TLS")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_secret_is_sent_where_two_hosts_can_be_read(place: Place, scheme: str) -> None:
    """The one that was judged was this machine, and the one that was asked was not."""
    done = place.run(*GOOD, "--endpoint-url", rf"{scheme}://192.0.2.1\@127.0.0.1:9")

    assert done.exit == 252
    assert done.stderr.startswith("oidc-helper: --endpoint-url is not the address of a host")


@pytest.mark.parametrize(
    ("words", "variables", "named"),
    [
        (("--ca-bundle", "/nonexistent"), {}, "--ca-bundle"),
        ((), {"AWS_CA_BUNDLE": "/nonexistent"}, "AWS_CA_BUNDLE"),
        ((), {"AWS_STS_REGIONAL_ENDPOINTS": "maybe"}, "AWS_STS_REGIONAL_ENDPOINTS"),
        ((), {"HTTPS_PROXY": "gopher://x"}, "HTTPS_PROXY"),
    ],
    ids=["an option", "certificates", "a choice", "a proxy"],
)
def test_a_mistake_is_named_before_anything_is_sent(
    place: Place, words: tuple[str, ...], variables: dict[str, str | None], named: str
) -> None:
    place.set(variables)

    done = place.run(*GOOD, "--endpoint-url", "https://127.0.0.1:1", *words)

    assert done.exit in (252, 253, 255)
    assert named in done.stderr


def test_the_hint_after_a_lost_answer_is_that_the_request_may_have_been_carried_out(place: Place) -> None:
    """The assertion may be used up."""
    place.server.answer = None

    done = place.run(*GOOD)

    assert done.exit == 255
    assert "hint: the request may have been carried out" in done.stderr


def test_an_answer_of_another_shape_cannot_be_read(place: Place) -> None:
    """A proxy may give one."""
    place.server.answer = {"raw": "[1]"}

    done = place.run(*GOOD)

    assert (done.exit, done.stderr.splitlines()[0]) == (255, "oidc-helper: the answer cannot be read")


def test_the_hint_for_an_unreachable_server_is_to_check_the_network(place: Place) -> None:
    """Nothing was sent."""
    done = place.run(*GOOD, "--endpoint-url", "http://127.0.0.1:1")

    assert done.exit == 255
    assert "hint: check the network" in done.stderr


@pytest.mark.parametrize(
    ("form", "first"), [("json", "{"), ("yaml", "Code: InvalidGrantException"), ("table", "---"), ("text", "Inv")]
)
def test_an_error_can_be_data(place: Place, form: str, first: str) -> None:
    """Programs can read it; it has every member of the service's error."""
    place.server.answer = refusal("InvalidGrantException", error="invalid_grant", error_description="why")

    done = place.run(*GOOD, "--cli-error-format", form)

    assert done.stderr.startswith(first)
    assert {"InvalidGrantException", "invalid_grant", "why"} <= set(
        done.stderr.replace('"', " ").replace(",", " ").split()
    )


def test_a_usage_error_can_be_data(place: Place) -> None:
    """Under the AWS CLI's names."""
    done = place.run(*GOOD, "--scope", "[7]", "--cli-error-format", "json")

    assert json.loads(done.stderr)["Code"] == "ParamValidation"


def test_a_misspelt_option_is_answered_with_the_nearest_one(place: Place) -> None:
    """An option of the operation, or a global one."""
    assert "did you mean --assertion?" in place.run(*BASE, "--asertion", "x").stderr
    assert "did you mean --region?" in place.run(*BASE, "--regoin", "x").stderr


def test_the_command_is_the_installed_one(place: Place) -> None:
    """In a process of its own, as a user types it: answer, errors and exit code."""
    granted = place.start(*GOOD, "--query", "tokenType", "--output", "text")
    refused = place.start("--client-id", APPLICATION)

    assert (granted.exit, granted.stdout, granted.stderr) == (0, "Bearer\n", "")
    assert (refused.exit, refused.stdout) == (252, "")
    assert refused.stderr.startswith("oidc-helper: the following arguments are required: --grant-type\n")
