"""An error answer of AWS becomes the error whose exit code and hint say what to do next."""

from typing import Any

import pytest

from oidc_helper import redaction
from oidc_helper.aws import refusals
from oidc_helper.errors import OidcHelperError, Refused, TryAgain

NOW = 2_000_000_000.0  # 2033-05-18T03:33:20Z
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl"


def error(code: str, status: int = 400, *, operation: str = "CreateTokenWithIAM", **answer: Any) -> OidcHelperError:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"date": answer.pop("date", "")}}
    parsed = {"Error": {"Code": code, "Message": answer.pop("message", "")}, "ResponseMetadata": metadata, **answer}
    return refusals.from_error_answer(operation, "sso.example", parsed, profile="x", now=NOW)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InvalidGrantException", 400, Refused),
        ("AccessDeniedException", 403, Refused),
        ("SomethingNew", 400, Refused),
        ("ThrottlingException", 400, TryAgain),
        ("SlowDownException", 400, TryAgain),
        ("IDPCommunicationError", 400, TryAgain),
        ("SomethingNew", 429, TryAgain),
        ("SomethingNew", 500, TryAgain),
        ("503", 503, TryAgain),
        ("", 400, TryAgain),
    ],
)
def test_only_a_refusal_that_stays_is_final(code: str, status: int, kind: type[OidcHelperError]) -> None:
    """A page of a proxy has no error code, or its status in place of one."""
    assert type(error(code, status)) is kind


def test_a_refusal_keeps_the_services_code_and_words() -> None:
    refused = error("InvalidGrantException", error_description="no such\x1b user")

    assert isinstance(refused, Refused)
    assert refused.code == "InvalidGrantException"
    assert refused.message == "CreateTokenWithIAM was refused: InvalidGrantException: no such\\x1b user"


@pytest.mark.parametrize("repeated", [TOKEN, TOKEN[:40], TOKEN.rpartition(".")[2]])
def test_a_refusal_repeats_no_token_that_was_sent(repeated: str) -> None:
    redaction.learn(TOKEN)

    assert error("InvalidGrantException", message=f"bad {repeated} !").message.endswith(": bad *** !")


@pytest.mark.parametrize(
    ("operation", "code", "status", "cause"),
    [
        ("CreateTokenWithIAM", "ExpiredTokenException", 400, "the Identity Center session behind the token is over"),
        ("CreateTokenWithIAM", "ExpiredTokenException", 403, "the caller's session has expired"),
        ("AssumeRole", "AccessDenied", 403, "the role's trust policy"),
        ("AssumeRoleWithWebIdentity", "AccessDenied", 403, "the caller's role does not trust this identity token"),
        ("Logout", "SignatureDoesNotMatch", 403, "the caller's keys are not valid"),
    ],
)
def test_the_cause_is_that_of_the_operation(operation: str, code: str, status: int, cause: str) -> None:
    """One code means different things; a code with status 403 speaks of the caller's keys."""
    assert error(code, status, operation=operation).hint.startswith(cause)


def test_the_hint_names_the_profile_to_sign_in_with() -> None:
    assert error("ExpiredTokenException").hint.endswith("sign in again: oidc-helper login x")


def test_the_hint_names_the_region_that_the_service_names() -> None:
    assert "set identity_center_region = 'eu-west-1'" in error("InvalidRequestRegionException", region="eu-west-1").hint


def test_the_hint_begins_with_a_clock_that_is_off() -> None:
    refused = error("InvalidSignatureException", date="Wed, 18 May 2033 03:23:20 GMT")

    assert refused.hint.startswith("this machine's clock is 600 s ahead of the server's; the signature's time")


def test_an_unknown_refusal_has_no_hint() -> None:
    assert error("SomethingNew").hint == ""
