"""Refusals of Identity Center, its portal and STS: one table of their causes in practice, and of the remedies."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from oidc_helper.errors import OidcHelperError, Refused, TryAgain
from oidc_helper.machine.clock import skew
from oidc_helper.words import printable

_WAY = "the network, the proxy (HTTPS_PROXY) and the region"

# Errors that do not depend on the request: the same one may be granted later.
_PASSING = {
    "AuthorizationPendingException",
    "IDPCommunicationError",
    "InternalFailure",
    "InternalServerException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDownException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
# Those of them that ask for fewer requests.
_THROTTLING = {
    "RequestLimitExceeded",
    "SlowDownException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class Remedy(NamedTuple):
    """Why a service refuses, in the experience of its users, and what to do about it."""

    cause: str
    mend: str


_CLOCK = Remedy("the signature's time is not accepted", "set this machine's clock")
SIGNER = Remedy("the caller's keys are not valid", "see where the caller's keys come from: oidc-helper explain PROFILE")
_UNACCEPTED = Remedy(
    "the access token is not accepted: its session has ended, or the application lacks sso:account:access",
    "sign in again, or add the scope with sso-admin put-application-access-scope",
)

# (operation, error code) -> remedy; "" stands for any operation. Sources: AWS's API references and reports of users.
_REMEDIES: Mapping[tuple[str, str], Remedy] = {
    ("CreateTokenWithIAM", "AccessDeniedException"): Remedy(
        "the user is not assigned to the application, or the application's actor policy does not name the caller",
        "assign the user (sso-admin create-application-assignment) or allow the caller's role "
        "sso-oauth:CreateTokenWithIAM (sso-admin put-application-authentication-method)",
    ),
    ("CreateTokenWithIAM", "InvalidGrantException"): Remedy(
        "the token was already exchanged, or its aud is not authorised for the application, its iss differs from the "
        "trusted token issuer (a trailing slash counts), or no single user matches its claim",
        "compare iss and aud with the application's trusted token issuer (sso-admin list-application-grants)",
    ),
    ("CreateTokenWithIAM", "InvalidClientException"): Remedy(
        "no such application in this region",
        "check application_arn and identity_center_region",
    ),
    ("CreateTokenWithIAM", "ExpiredTokenException"): Remedy(
        "the Identity Center session behind the token is over", "sign in again: oidc-helper login PROFILE"
    ),
    ("CreateTokenWithIAM", "InvalidRequestException"): Remedy(
        "a parameter is missing or does not fit the grant; for token-exchange the subject token must name this "
        "application in its scopes",
        "compare the request with the grant: man oidc-helper-create-token-with-iam",
    ),
    ("CreateTokenWithIAM", "InvalidRequestRegionException"): Remedy(
        "the application is in another region", "set identity_center_region to the region of the application"
    ),
    ("CreateTokenWithIAM", "InvalidScopeException"): Remedy(
        "the application does not have a scope that was asked for",
        "shorten scopes, or add it with sso-admin put-application-access-scope",
    ),
    ("CreateTokenWithIAM", "UnauthorizedClientException"): Remedy(
        "the application may not use this grant", "enable it with sso-admin put-application-grant"
    ),
    ("CreateTokenWithIAM", "UnsupportedGrantTypeException"): Remedy(
        "the application does not have this grant; customer managed ones cannot be given authorization_code",
        "enable it with sso-admin put-application-grant, or choose another identity source",
    ),
    ("AssumeRoleWithWebIdentity", "AccessDenied"): Remedy(
        "the caller's role does not trust this identity token",
        "let the role's trust policy allow sts:AssumeRoleWithWebIdentity to the issuer, with the token's aud and sub",
    ),
    ("AssumeRoleWithWebIdentity", "InvalidIdentityToken"): Remedy(
        "IAM cannot verify the identity token",
        "add the token's issuer and aud as an IAM OIDC provider (iam create-open-id-connect-provider)",
    ),
    ("AssumeRoleWithWebIdentity", "ExpiredTokenException"): Remedy(
        "the identity token has expired", "get a new identity token, or check the clock"
    ),
    ("AssumeRoleWithWebIdentity", "IDPRejectedClaim"): Remedy(
        "the identity provider rejected the token", "get a new identity token"
    ),
    ("AssumeRole", "AccessDenied"): Remedy(
        "the role's trust policy does not let the caller in with an identity context",
        "let it allow the caller both sts:AssumeRole and sts:SetContext",
    ),
    ("AssumeRole", "ValidationError"): Remedy(
        "a value does not fit: the session's duration may not exceed the role's maximum, nor one hour from a role",
        "lower duration_seconds, or check role_session_name",
    ),
    ("AssumeRole", "ExpiredTokenException"): Remedy(
        "the caller's keys or the identity context have expired",
        "see where the caller's keys come from: oidc-helper explain PROFILE",
    ),
    ("", "RegionDisabledException"): Remedy("STS is switched off for this region", "choose another region"),
    ("GetRoleCredentials", "UnauthorizedException"): _UNACCEPTED,
    ("GetRoleCredentials", "ResourceNotFoundException"): Remedy(
        "the user has no such permission set in this account", "check account_id and permission_set"
    ),
    ("GetRoleCredentials", "ForbiddenException"): Remedy(
        "the user is not assigned this permission set in this account",
        "check account_id and permission_set, or ask for the assignment",
    ),
    ("ListAccounts", "UnauthorizedException"): _UNACCEPTED,
    ("ListAccountRoles", "UnauthorizedException"): _UNACCEPTED,
    ("GetDataAccess", "AccessDenied"): Remedy(
        "no access grant of this user covers the target", "check s3_grant, or ask for a grant on that target"
    ),
    ("", "ExpiredToken"): Remedy(
        "the caller's session has expired", "see where the caller's keys come from: oidc-helper explain PROFILE"
    ),
    ("", "InvalidClientTokenId"): SIGNER,
    ("", "UnrecognizedClientException"): SIGNER,
    ("", "InvalidSignatureException"): SIGNER,
    ("", "SignatureDoesNotMatch"): SIGNER,
    ("", "IncompleteSignature"): SIGNER,
    ("", "RequestExpired"): _CLOCK,
    ("", "RequestTimeTooSkewed"): _CLOCK,
}


def unreachable(operation: str, host: str, how: str, *, never_sent: bool, variable: str = "") -> TryAgain:
    """The error for a call without an answer; `how` it failed is a word or two, and `variable` chose the host."""
    check = f"check {variable}, which names this host, and {_WAY}" if variable else f"check {_WAY}"
    reach = "cannot be reached" if never_sent else "did not answer"
    return TryAgain(f"{operation}: {host} {reach} ({how})", check, never_sent=never_sent)


def unreadable(operation: str, host: str, status: int = 200) -> TryAgain:
    """The error for an answer that is not AWS's: a proxy or a captive portal speaks in its place."""
    answer = "gave an answer that cannot be read" if status == 200 else f"answered {status}, and not in AWS's words"
    return TryAgain(f"{operation}: {host} {answer}", f"check {_WAY}")


def remedy(operation: str, code: str) -> Remedy | None:
    """The cause and remedy of an error code of an operation, None for an unknown one."""
    return _REMEDIES.get((operation, code)) or _REMEDIES.get(("", code))


def may_pass(code: str, status: int) -> bool:
    """Whether the same request may be granted later."""
    return code in _PASSING or status >= 500 or status == 429


def from_error_answer(
    operation: str, host: str, answer: Mapping[str, Any], *, profile: str, now: float
) -> OidcHelperError:
    """One of our errors for botocore's parsed error answer, with the service's own words escaped in it.

    `now` is in epoch seconds. `profile` takes the place of PROFILE in the commands of the hint.
    """
    error, metadata = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), metadata.get("HTTPStatusCode", 0)
    if code.isdigit() or not code:  # botocore takes the status for the code of a body that is no error of AWS
        return unreadable(operation, host, status)
    description = answer.get("error_description") or error.get("Message") or answer.get("reason") or ""
    words = printable(str(description).strip())
    message = f"{operation} was refused: {printable(code) or status}" + (f": {words}" if words else "")
    if may_pass(code, status):
        # A throttled request was turned away unread; one that a server failed at may have been carried out.
        message = message.replace("was refused", "did not work")
        throttled = code in _THROTTLING or status == 429
        return TryAgain(message, "try again in a while", never_sent=status < 500, throttled=throttled)
    if code == "ExpiredTokenException" and status == 403:
        code = "ExpiredToken"  # of the caller's keys; an ended session has the same code, with status 400
    known = remedy(operation, code)
    if code == "InvalidRequestRegionException" and answer.get("region"):
        known = Remedy(
            "the application is in another region", f"set identity_center_region = {printable(str(answer['region']))!r}"
        )
    clock = skew(metadata.get("HTTPHeaders", {}).get("date", ""), now)
    if clock and known is SIGNER:
        known = _CLOCK  # which is enough for the refusal
    hints = [clock, known and f"{known.cause}; {known.mend}"]
    return Refused(message, "; ".join(hint for hint in hints if hint).replace("PROFILE", profile), code=code)
