"""Trouble of the caller's own credentials is trouble like any other: what may pass is exit 4."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.one_answer import answering, endless
from settings.settings_files import COMPLETE, ROLE, load

from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, WrongSettings

KEYS = "aws_access_key_id = AKIABASE\naws_secret_access_key = a-secret-of-the-profile"
ROLE_PROFILE = f"[profile role]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}\n"
WITH_CODE = f"role_arn = {ROLE}\nsource_profile = keys\nmfa_serial = arn:aws:iam::1:mfa/me\n"
THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
DENIED = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
ASSUMED = b"""<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2033-05-18T03:33:20Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
CLOSED = "http://127.0.0.1:9"

Lines = Callable[[str], object]


@pytest.fixture(autouse=True)
def no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test sets gives credentials."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)


@pytest.fixture
def aws_config(tmp_path: Path) -> Lines:
    return (tmp_path / "aws").write_text


def opened(directory: Path, caller: str, *, time_left_s: float = 30) -> Credentials:
    text = COMPLETE.replace(f'{{ web_identity_role_arn = "{ROLE}" }}', caller)
    profile = load(directory, f'{text}role_arn = "{ROLE}"\n').profile("x")
    return Aws(profile, time_left=lambda: time_left_s).open_caller(None)


def failure(directory: Path, caller: str, *, time_left_s: float = 30) -> OidcHelperError:
    with pytest.raises(OidcHelperError) as caught:
        opened(directory, caller, time_left_s=time_left_s)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "hint"),
    [
        (503, b"", TryAgain, "try again in a while"),
        (500, DENIED, TryAgain, "try again in a while"),
        (400, THROTTLED, TryAgain, "try again in a while"),
        (429, DENIED, TryAgain, "try again in a while"),
        (400, b"<html>", TryAgain, "check the network and the proxy (HTTPS_PROXY)"),
        (403, DENIED, Refused, "try them: aws sts get-caller-identity --profile role"),
    ],
    ids=["unavailable", "broken", "throttled", "too many", "a proxy's page", "denied"],
)
def test_what_sts_answers_for_a_profile_decides_whether_to_try_again(
    tmp_path: Path,
    aws_config: Lines,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    kind: type[OidcHelperError],
    hint: str,
) -> None:
    """All were exit 5, which keeps live credentials from being served."""
    aws_config(ROLE_PROFILE)
    with answering(status, body) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        failed = failure(tmp_path, '{ profile = "role" }')

    assert (type(failed), failed.hint) == (kind, hint)
    assert failed.message.startswith("the caller's credentials cannot be obtained from the AWS profile role: ")


def test_a_refusal_of_the_caller_says_nothing_of_our_own_tokens(
    tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code would discard a live access token."""
    aws_config(ROLE_PROFILE)
    with answering(400, DENIED.replace(b"AccessDenied", b"ExpiredTokenException")) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        failed = failure(tmp_path, '{ profile = "role" }')

    assert isinstance(failed, Refused)
    assert failed.code == ""


def test_an_unreachable_sts_of_a_profile_may_come_back(
    tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_config(ROLE_PROFILE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", CLOSED)

    failed = failure(tmp_path, '{ profile = "role" }')

    assert isinstance(failed, TryAgain)
    assert "the network" in failed.hint


def test_a_silent_sts_of_a_profile_costs_no_more_than_the_time_that_is_left(
    tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore would wait five times for a minute."""
    import socket

    aws_config(ROLE_PROFILE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        failed = failure(tmp_path, '{ profile = "role" }', time_left_s=0.5)

    assert isinstance(failed, TryAgain)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, b"", TryAgain),
        (429, b"slow down", TryAgain),
        (200, b"<html>", TryAgain),
        (403, b"no", Refused),
        (None, b"", TryAgain),
    ],
    ids=["unavailable", "throttled", "nonsense", "denied", "unreachable"],
)
def test_the_trouble_of_a_container_is_trouble_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int | None, body: bytes, kind: type[OidcHelperError]
) -> None:
    """It was exit 2, as if a setting were wrong."""
    with answering(status or 200, body) as (url, _):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url if status else CLOSED)
        failed = failure(tmp_path, "{ environment = true }")

    assert (type(failed), failed.hint) == (kind, "try them: aws sts get-caller-identity")


@pytest.mark.parametrize("status", [200, 503])
def test_an_endless_answer_of_a_container_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Botocore took 4 GiB of memory for it; no proxy is asked on the way."""
    monkeypatch.setenv("HTTP_PROXY", CLOSED)
    with endless(status) as (url, cut):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        failed = failure(tmp_path, "{ environment = true }")
        assert cut.wait(60)

    assert isinstance(failed, TryAgain)
    assert failed.message.endswith("the answer cannot be read")


def test_an_endless_answer_of_an_instance_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host on the network may answer in the place of AWS's."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with endless(200) as (url, cut):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        failed = failure(tmp_path, "{ environment = true }")
        assert cut.wait(60)

    assert isinstance(failed, TryAgain)


def test_web_identity_of_the_environment_goes_to_a_regional_sts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The global one serves neither China nor GovCloud; the region is AWS_REGION's, else identity_center_region."""
    (tmp_path / "pod").write_text("a.pods.token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "pod"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    regions = []
    with answering(200, ASSUMED) as (url, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        for region in ("", "cn-north-1"):
            monkeypatch.setenv("AWS_REGION", region)
            regions.append(region_of_sts(tmp_path, monkeypatch))

    assert regions == ["eu-west-1", "cn-north-1"]


def region_of_sts(directory: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The region of the client that opens the caller."""
    from botocore.session import Session

    regions: list[str] = []
    create = Session.create_client

    def noting(self: Any, service: Any, **options: Any) -> Any:
        client = create(self, service, **options)
        regions.append(client.meta.region_name)
        return client

    with monkeypatch.context() as patched:
        patched.setattr(Session, "create_client", noting)
        assert opened(directory, "{ environment = true }").access_key_id == "ASIAWEB"
    return regions[0]


def test_a_missing_token_file_of_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was `its answer holds none`."""
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)

    failed = failure(tmp_path, "{ environment = true }")

    assert isinstance(failed, WrongSettings)
    assert failed.message.endswith(": /nonexistent/token: No such file or directory")


@pytest.mark.parametrize("caller", ["{ environment = true }", '{ profile = "base" }'])
def test_a_mistyped_variable_is_named(
    tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch, caller: str
) -> None:
    aws_config("[profile base]\ncredential_process = true\n")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "soon")

    failed = failure(tmp_path, caller)

    assert isinstance(failed, WrongSettings)
    assert failed.hint == "correct or unset AWS_METADATA_SERVICE_TIMEOUT"


def test_a_program_that_does_not_exist_is_named(tmp_path: Path, aws_config: Lines) -> None:
    """It was `its answer holds none`."""
    aws_config("[profile base]\ncredential_process = /nonexistent/program --now\n")

    failed = failure(tmp_path, '{ profile = "base" }')

    assert isinstance(failed, WrongSettings)
    assert failed.message == "the AWS profile base: its program /nonexistent/program does not exist"


def test_a_profile_that_is_signed_out_asks_for_its_own_sign_in(tmp_path: Path, aws_config: Lines) -> None:
    session = "sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
    account = "sso_account_id = 123456789012\nsso_role_name = R\n"
    aws_config(f"[profile 'base two']\n{session}{account}")

    failed = failure(tmp_path, '{ profile = "base two" }')

    assert isinstance(failed, SignInNeeded)
    assert failed.hint == "aws sso login --profile 'base two'"


@pytest.mark.parametrize(
    "text",
    [
        f"[profile base]\n{WITH_CODE}",
        f"[profile base]\nrole_arn = {ROLE}\nsource_profile = middle\n[profile middle]\n{WITH_CODE}",
    ],
    ids=["itself", "behind it"],
)
def test_a_profile_that_takes_an_mfa_code_is_refused(tmp_path: Path, aws_config: Lines, text: str) -> None:
    """Botocore would read the caller's standard input, or leave the terminal without echo."""
    aws_config(f"{text}[profile keys]\n{KEYS}\n")

    failed = failure(tmp_path, '{ profile = "base" }')

    assert isinstance(failed, WrongSettings)
    assert "mfa_serial" in failed.message
    assert "get-session-token" in failed.hint


def test_keys_end_the_chain_of_profiles(tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """An mfa_serial beside keys that sign is for other uses of that profile."""
    aws_config(f"{ROLE_PROFILE}role_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", CLOSED)

    assert isinstance(failure(tmp_path, '{ profile = "role" }'), TryAgain)


def test_a_profile_sends_no_secret_in_clear_text(
    tmp_path: Path, aws_config: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS would answer with secret keys."""
    aws_config(ROLE_PROFILE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1")

    failed = failure(tmp_path, '{ profile = "role" }')

    assert isinstance(failed, WrongSettings)
    assert failed.message.startswith("AWS_ENDPOINT_URL_STS leads to 192.0.2.1 without TLS")


def test_no_answer_of_a_container_shows_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that refuses may repeat the authorization that it was sent."""
    from oidc_helper import redaction

    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "planted-authorization")
    redaction.learn_environment({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "planted-authorization"})
    with answering(403, json.dumps({"sent": "planted-authorization"}).encode()) as (url, asked):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        failed = failure(tmp_path, "{ environment = true }")

    assert any("planted-authorization" in headers for headers in asked)
    assert "planted" not in failed.message
