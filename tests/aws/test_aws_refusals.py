"""An error answer of AWS becomes the error whose exit code and hint say what to do next."""

from typing import Any

import pytest
from botocore.model import StructureShape
from emulator.aws_callers import service_model

from oidc_helper import redaction
from oidc_helper.aws import refusals
from oidc_helper.errors import OidcHelperError, Refused, TryAgain

NOW = 2_000_000_000.0  # 2033-05-18T03:33:20Z
REASONS = [
    word
    for shape in service_model("sso-oidc").operation_model("CreateTokenWithIAM").error_shapes
    if isinstance(shape, StructureShape) and "reason" in shape.members
    for word in shape.members["reason"].metadata["enum"]
]
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
    assert 'set identity_center_region = "eu-west-1"' in error("InvalidRequestRegionException", region="eu-west-1").hint


def test_the_hint_begins_with_a_clock_that_is_off() -> None:
    refused = error("InvalidSignatureException", date="Wed, 18 May 2033 03:23:20 GMT")

    assert refused.hint.startswith("this machine's clock is 600 s ahead of the server's; the signature's time")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_the_service_model_is_printed_and_explained(reason: str) -> None:
    """They all speak of the customer managed key of Identity Center."""
    refused = error("InvalidRequestException", reason=reason, error_description="no")

    assert refused.message == f"CreateTokenWithIAM was refused: InvalidRequestException: {reason}: no"
    assert "customer managed KMS key" in refused.hint


def test_a_reason_that_nobody_knows_is_printed() -> None:
    """With what the code alone says."""
    refused = error("AccessDeniedException", reason="VPCE_Required")

    assert refused.message == "CreateTokenWithIAM was refused: AccessDeniedException: VPCE_Required"
    assert refused.hint.startswith("the user is not assigned to the application, or")


@pytest.mark.parametrize(
    ("operation", "code", "words", "mend"),
    [
        (
            "CreateTokenWithIAM",
            "AccessDeniedException",
            "User x is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext",
            "allow the caller kms:Decrypt, in its own policy and in the policy of the key",
        ),
        (
            "CreateTokenWithIAM",
            "AccessDeniedException",
            "because no resource-based policy allows the sso-oauth:CreateTokenWithIAM action",
            "sso-oauth:CreateTokenWithIAM in an application's actor policy",
        ),
        ("GetRoleCredentials", "ForbiddenException", "Access requires a VPC endpoint", "connect through the network"),
        ("AssumeRole", "AccessDenied", "with an explicit deny in a VPC endpoint policy", "policy of the VPC endpoint"),
        ("AssumeRole", "AccessDenied", "with an explicit deny in a service control policy", "administrators"),
        ("AssumeRole", "AccessDenied", "with an explicit deny in a resource control policy", "aws:PrincipalOrgID"),
        ("AssumeRole", "AccessDenied", "because no identity-based policy allows it", "in a policy of the caller"),
        ("AssumeRole", "AccessDenied", "because no permissions boundary allows it", "in the boundary of the caller"),
        ("AssumeRole", "AccessDenied", "because no session policy allows it", "of the caller's session"),
        ("AssumeRole", "AccessDenied", "not authorized on role/vpc-reader", "check role_arn"),
        ("AssumeRole", "AccessDenied", "not authorized on role/vpc-reader", "both sts:AssumeRole and sts:SetContext"),
        ("AssumeRole", "InvalidContextAssertion", "", "sign in again: oidc-helper login x"),
        ("AssumeRole", "PackedPolicyTooLarge", "session token exceeded the maximum allowed size", "fewer session tags"),
        ("AssumeRoleWithWebIdentity", "PackedPolicyTooLarge", "", "fewer or shorter tags"),
    ],
)
def test_a_refusal_is_told_with_what_mends_it(operation: str, code: str, words: str, mend: str) -> None:
    """The policy or permission that the message names, else what the code means."""
    assert mend in error(code, 403, operation=operation, message=words).hint


@pytest.mark.parametrize(
    ("code", "status", "never_sent"),
    [
        ("RequestLimitExceeded", 503, True),
        ("SlowDown", 503, True),
        ("TooManyRequestsException", 429, True),
        ("", 429, True),
        ("ThrottlingException", 400, True),
        ("ServiceUnavailable", 503, False),
        ("InternalServerException", 500, False),
        ("", 400, False),
        ("", 502, False),
    ],
)
def test_what_was_turned_away_unread_may_be_sent_again(code: str, status: int, *, never_sent: bool) -> None:
    """A server that failed may have done the work, and a page without a code may come from anywhere."""
    passing = error(code, status)

    assert isinstance(passing, TryAgain)
    assert passing.never_sent == never_sent


def test_an_unknown_refusal_has_no_hint() -> None:
    assert error("SomethingNew").hint == ""
