"""Refusals of Identity Center, its portal and STS: one table of their usual causes, and of the remedies."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from oidc_helper.errors import OidcHelperError, Refused, TryAgain
from oidc_helper.machine.clock import skew
from oidc_helper.machine.hosts import nothing_listens
from oidc_helper.words import printable

_WAY = "the network, the proxy (HTTPS_PROXY) and the region"
_REFUSED = "EndpointConnection"  # botocore's name; on this machine its only cause is that nothing listens

# Codes of requests that were turned away unread, also if the status is one of a server's failure.
_THROTTLED = {
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "SlowDownException",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
# Errors that do not depend on the request: the same request may be granted later.
_PASSING = {
    "AuthorizationPendingException",
    "IDPCommunicationError",
    "InternalFailure",
    "InternalServerException",
    "ServiceUnavailable",
}


class Remedy(NamedTuple):
    """Why a service usually refuses, and what to do about it."""

    cause: str
    mend: str


class Unconnected(TryAgain):
    """No connection was made, so nothing can have been sent."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, never_sent=True)


class WrongRegion(Refused):
    """The application, or the token that was sent, belongs to another `region` of Identity Center."""

    def __init__(self, message: str, hint: str = "", *, code: str, region: str) -> None:
        super().__init__(message, hint, code=code)
        self.region = region


_OTHER_REGION = Remedy(
    "the application, or the token that was sent, belongs to another region",
    "set identity_center_region to the region of the application",
)
_CLOCK = Remedy("the signature's time is not accepted", "set this machine's clock")
SIGNER = Remedy("the caller's keys are not valid", "see where the caller's keys come from: oidc-helper explain PROFILE")


def _unaccepted(scope: str) -> Remedy:
    return Remedy(
        f"the access token is not accepted: its session has ended, or the application lacks {scope}",
        "sign in again, or add the scope with sso-admin put-application-access-scope",
    )


# (operation, error code) -> remedy; "" stands for any operation. Sources: AWS's API references and reports of users.
REMEDIES: Mapping[tuple[str, str], Remedy] = {
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
        "compare the request with the grant: oidc-helper help create-token-with-iam",
    ),
    ("CreateTokenWithIAM", "InvalidRequestRegionException"): _OTHER_REGION,
    ("CreateTokenWithIAM", "InvalidScopeException"): Remedy(
        "the application does not have a scope that was asked for",
        "shorten scopes, or add it with sso-admin put-application-access-scope",
    ),
    ("CreateTokenWithIAM", "UnauthorizedClientException"): Remedy(
        "the application may not use this grant", "enable it with sso-admin put-application-grant"
    ),
    ("CreateTokenWithIAM", "UnsupportedGrantTypeException"): Remedy(
        "the application does not have this grant; customer managed applications cannot have authorization_code",
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
        "the role's trust policy does not let the caller in with an identity context, or there is no such role",
        "check role_arn, or let the policy allow the caller both sts:AssumeRole and sts:SetContext",
    ),
    ("AssumeRole", "ValidationError"): Remedy(
        "a value does not fit: the duration may not exceed the role's maximum, nor one hour if the caller is a role",
        "lower duration_seconds, or check role_session_name",
    ),
    ("AssumeRole", "InvalidContextAssertion"): Remedy(
        "the identity context has expired, or comes from another context provider than the profile names",
        "sign in again: oidc-helper login PROFILE; if that does not help, check identity_context_provider_arn",
    ),
    ("AssumeRole", "PackedPolicyTooLarge"): Remedy(
        "the session token would be too large: policies and tags of the session add to the identity context",
        "let the caller pass on fewer session tags (transitive tags of the role that it came from count too)",
    ),
    ("AssumeRoleWithWebIdentity", "PackedPolicyTooLarge"): Remedy(
        "the session token would be too large: session tags in the identity token add to it",
        "let the identity provider put fewer or shorter tags into the claim https://aws.amazon.com/tags",
    ),
    ("AssumeRole", "ExpiredTokenException"): Remedy(
        "the caller's keys or the identity context have expired",
        "see where the caller's keys come from: oidc-helper explain PROFILE",
    ),
    ("", "RegionDisabledException"): Remedy("STS is switched off for this region", "choose another region"),
    ("GetRoleCredentials", "UnauthorizedException"): _unaccepted("sso:account:access"),
    ("GetRoleCredentials", "ResourceNotFoundException"): Remedy(
        "the user has no such permission set in this account", "check account_id and permission_set"
    ),
    ("GetRoleCredentials", "ForbiddenException"): Remedy(
        "the user is not assigned this permission set in this account",
        "check account_id and permission_set, or ask for the assignment",
    ),
    ("ListAccounts", "UnauthorizedException"): _unaccepted("sso:account:access"),
    ("ListAccountRoles", "UnauthorizedException"): _unaccepted("sso:account:access"),
    ("account-access-runtime GetRoleCredentials", "AccessDeniedException"): Remedy(
        "account access manager does not give the user this role, or the role does not trust it",
        "check account_access and role_arn, ask for access to the role, or let it trust account-access.amazonaws.com",
    ),
    ("account-access-runtime GetRoleCredentials", "UnauthorizedException"): _unaccepted("account_access:assume"),
    ("account-access-runtime GetRoleCredentials", "ValidationException"): Remedy(
        "a value does not fit: the session's duration may not exceed the role's maximum",
        "check account_access and role_arn, lower duration_seconds, or check role_session_name",
    ),
    ("account-access-runtime ListRoles", "UnauthorizedException"): _unaccepted("account_access:read_only"),
    ("account-access-runtime ListRoles", "ValidationException"): Remedy(
        "there is no such tenant of account access manager", "check account_access"
    ),
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

_KEY = "the customer managed KMS key of Identity Center"
# The `reason` of an Identity Center error -> remedy, for any operation. Source: the service model of sso-oidc.
REASONS: Mapping[str, Remedy] = {
    "KMS_AccessDeniedException": Remedy(
        f"the caller may not use {_KEY}",
        "allow the caller kms:Decrypt, in its own policy and in the policy of the key",
    ),
    "KMS_NotFoundException": Remedy(f"{_KEY} does not exist", "let an administrator of Identity Center set a key"),
    "KMS_DisabledException": Remedy(f"{_KEY} is disabled", "enable it: aws kms enable-key"),
    "KMS_InvalidStateException": Remedy(
        f"{_KEY} is pending deletion or import", "restore it: aws kms cancel-key-deletion, then aws kms enable-key"
    ),
    "KMS_InvalidKeyUsageException": Remedy(
        f"{_KEY} is not a symmetric encryption key", "let an administrator of Identity Center set another key"
    ),
}
# Words in the message of a denial -> remedy; the first match counts. Sources: the IAM user guide on access denied
# messages, the Identity Center user guide on errors of customer managed keys.
DENIALS: tuple[tuple[str, Remedy], ...] = (
    ("kms:", REASONS["KMS_AccessDeniedException"]),
    (
        "vpc endpoint policy",
        Remedy("the policy of the VPC endpoint denies it", "allow the action in the policy of the VPC endpoint"),
    ),
    (
        "vpc endpoint",
        Remedy(
            "access is only allowed from certain VPC endpoints or addresses",
            "connect through the network that is allowed (sso-admin describe-instance shows it)",
        ),
    ),
    (
        "service control policy",
        Remedy("a service control policy of the organization denies it", "ask the organization's administrators"),
    ),
    (
        "resource control policy",
        Remedy(
            "a resource control policy of the organization denies it",
            "exempt this caller from it: sessions of federated users have no aws:PrincipalOrgID",
        ),
    ),
    (
        "permissions boundary",
        Remedy("a permissions boundary denies it", "allow the action in the boundary of the caller"),
    ),
    ("session policy", Remedy("a session policy denies it", "allow the action in the policy of the caller's session")),
    (
        "identity-based policy",
        Remedy("the caller's own policies do not allow it", "allow the action in a policy of the caller"),
    ),
    (
        "resource-based policy",
        Remedy(
            "the resource's own policy does not allow it",
            "allow the caller sts:AssumeRole and sts:SetContext in a role's trust policy, "
            "sso-oauth:CreateTokenWithIAM in an application's actor policy",
        ),
    ),
)
# The same for an identity token that IAM cannot verify. Source: the AWS knowledge center on InvalidIdentityToken.
UNVERIFIED: tuple[tuple[str, Remedy], ...] = (
    (
        "retrieve verification key",
        Remedy(
            "AWS does not find the identity token's key at its provider, which has replaced it or is out of reach",
            "sign in again: oidc-helper login PROFILE --force; if that does not help, see that the issuer's discovery "
            "document and jwks_uri can be read from the internet",
        ),
    ),
)
_DENIED = {"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedException"}


def unreachable(operation: str, host: str, how: str, *, never_sent: bool, variable: str = "") -> TryAgain:
    """The error for a call without an answer, for the reason `how`, a word or two; `variable` set the host."""
    check = f"check {variable}, which names this host, and {_WAY}" if variable else f"check {_WAY}"
    if never_sent:
        here = nothing_listens(host, variable or "the endpoint") if how == _REFUSED else ""
        return Unconnected(f"{operation}: {host} cannot be reached ({how})", here or check)
    return TryAgain(f"{operation}: {host} did not answer ({how})", check)


def unreadable(operation: str, host: str, status: int = 200) -> TryAgain:
    """The error for an answer that is not AWS's: a proxy or a captive portal answered in its place."""
    answer = "gave an answer that cannot be read" if status == 200 else f"answered {status}, and not in AWS's words"
    return TryAgain(f"{operation}: {host} {answer}", f"check {_WAY}", never_sent=turned_away("", status))


def remedy(operation: str, code: str, *, reason: str = "", words: str = "") -> Remedy | None:
    """The cause and remedy of an error code of an operation, None for an unknown one.

    `reason` is the error's member of that name, and `words` are its message: if either says more than the code, it
    decides.
    """
    phrases = DENIALS if code in _DENIED else UNVERIFIED if code == "InvalidIdentityToken" else ()
    by_words = next((remedy for phrase, remedy in phrases if phrase in words.lower()), None)
    return REASONS.get(reason) or by_words or REMEDIES.get((operation, code)) or REMEDIES.get(("", code))


def may_pass(code: str, status: int) -> bool:
    """Whether the same request may be granted later."""
    return is_throttled(code, status) or code in _PASSING or status >= 500


def is_throttled(code: str, status: int) -> bool:
    """Whether the service asks us to wait."""
    return code in _THROTTLED or status == 429


def turned_away(code: str, status: int) -> bool:
    """Whether a request was refused before the service acted on it, so that no token in it was used up.

    A server that failed may have acted. An answer without a code is not from AWS, unless it has the status 429.
    """
    return is_throttled(code, status) or (bool(code) and 400 <= status < 500)


def from_error_answer(
    operation: str, host: str, answer: Mapping[str, Any], *, profile: str, now: float
) -> OidcHelperError:
    """Our error for botocore's parsed error answer; the service's own words in it are escaped.

    `now` is in epoch seconds. `profile` takes the place of PROFILE in the commands of the hint.
    """
    error, metadata = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), metadata.get("HTTPStatusCode", 0)
    if code.isdigit() or not code:  # if the body is no error of AWS, botocore takes the status for the code
        return unreadable(operation, host, status)
    reason = printable(str(answer.get("reason") or ""))
    words = printable(str(answer.get("error_description") or error.get("Message") or "").strip())
    message = f"{operation} was refused: {': '.join(filter(None, (printable(code), reason, words)))}"
    if may_pass(code, status):
        message = message.replace("was refused", "did not work")
        unread, throttled = turned_away(code, status), is_throttled(code, status)
        return TryAgain(message, "try again in a while", never_sent=unread, throttled=throttled)
    if code == "ExpiredTokenException" and status == 403:
        code = "ExpiredToken"  # the caller's keys have expired; for a session that has ended, the status is 400
    known = remedy(operation, code, reason=reason, words=words)
    region = printable(str(answer.get("region") or "")) if code == "InvalidRequestRegionException" else ""
    if region:
        message += f" (it belongs to {region})"
        known = _OTHER_REGION._replace(mend=f'set identity_center_region = "{region}"')
    clock = skew(metadata.get("HTTPHeaders", {}).get("date", ""), now)
    if clock and known is SIGNER:
        known = _CLOCK  # which alone explains the refusal
    hints = [clock, known and f"{known.cause}; {known.mend}"]
    hint = "; ".join(hint for hint in hints if hint).replace("PROFILE", profile)
    return WrongRegion(message, hint, code=code, region=region) if region else Refused(message, hint, code=code)
