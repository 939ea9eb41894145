"""STS: role sessions for web identities and for callers, and GetCallerIdentity.

The effects of session policies and session tags are not modelled. AWS does not document the length of session tokens:
here they grow by the compressed policy and tags, up to the most that a caller may ask for.
"""

import json
import re
import zlib
from typing import Any

from oidc_helper.emulator.aws import documents, policies
from oidc_helper.emulator.aws.credentials import SHORTEST_TOKEN, described, role_session
from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.keys import BadToken, Claims, audiences, claimed_issuer, moment
from oidc_helper.emulator.state import Context, Credentials, State
from oidc_helper.settings.limits import limits

_SERVICE = Service("sts", invalid="ValidationError")
_DURATION_S = 3600  # the default, and the maximum for role chaining
_CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"  # the claim, as the IAM user guide names it
_SOURCE_IDENTITIES = limits("sts", "AssumeRole", "SourceIdentity")
_PACKED = ("Policy", "PolicyArns", "Tags", "TransitiveTagKeys")  # the parameters that make a session token longer
_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


def _assume_role_with_web_identity(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    claims, audience = _web_identity(state, parameters["WebIdentityToken"])
    role, token_values = state.directory.role(parameters["RoleArn"]), {"aud": audience, "sub": str(claims["sub"])}

    def may(action: str) -> bool:
        return role is not None and documents.may_open(state.directory, role, action, str(claims["iss"]), token_values)

    if role is None or not may("sts:AssumeRoleWithWebIdentity"):
        raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    source_identity = claims.get(_SOURCE_IDENTITY)
    if source_identity is not None:
        _check_claimed(source_identity, may=may("sts:SetSourceIdentity"))
    return {
        **_session(state, role, "AssumeRoleWithWebIdentity", parameters, source_identity=source_identity),
        "SubjectFromWebIdentityToken": claims["sub"],
        "Provider": claims["iss"],
        "Audience": audience,
    }


def _check_claimed(source_identity: Any, *, may: bool) -> None:
    """Check the source identity claim; `may`: the trust policy lets the provider set one. Raises Refusal."""
    if not isinstance(source_identity, str) or not re.fullmatch(_SOURCE_IDENTITIES.expression, source_identity):
        raise Refusal("InvalidIdentityToken", "The source identity claim is invalid")
    if not may:
        raise Refusal("AccessDenied", "Not authorized to perform sts:SetSourceIdentity")


def _web_identity(state: State, token: str) -> tuple[Claims, str]:
    """The claims of the token and the audience that IAM accepts. Raises Refusal."""
    try:
        issuer, now = claimed_issuer(token) or "", int(state.clock())
        client_ids = state.directory.oidc_providers.get(issuer)
        if client_ids is None:
            raise Refusal("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
        claims = state.verified(token, issuer, algorithms=_ALGORITHMS)
    except BadToken as bad:
        text = "Couldn't retrieve verification key from your identity provider, or the token is not a valid JWT"
        raise Refusal("InvalidIdentityToken", text, reason=str(bad)) from bad
    # If the token has an authorised party, IAM takes that as the audience.
    candidates = audiences({"aud": claims.get("azp", claims.get("aud"))})
    audience = next((candidate for candidate in candidates if candidate in client_ids), None)
    if audience is None:
        raise Refusal("InvalidIdentityToken", "Incorrect token audience")
    expires_at, issued_at = moment(claims, "exp"), moment(claims, "iat")
    if expires_at is None or issued_at is None or "sub" not in claims:
        raise Refusal("InvalidIdentityToken", "Missing a required claim: exp, iat or sub")
    if expires_at <= now:
        text = f"Token expired: current date/time {now} must be before the expiration date/time {expires_at}"
        raise Refusal("ExpiredTokenException", text)
    return claims, audience


def _assume_role(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    caller = required(signer).credentials
    role = _trusting(state, caller, parameters["RoleArn"], "sts:AssumeRole")
    if caller.of_role and parameters.get("DurationSeconds", 0) > _DURATION_S:
        limit = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise Refusal("ValidationError", limit)
    source_identity = _source_identity(state, caller, parameters)
    if "Tags" in parameters:
        _trusting(state, caller, parameters["RoleArn"], "sts:TagSession")
    context = None
    for provided in parameters.get("ProvidedContexts", ()):
        _trusting(state, caller, parameters["RoleArn"], "sts:SetContext")
        context = _context(state, provided)
    return _session(state, role, "AssumeRole", parameters, context, source_identity=source_identity)


def _source_identity(state: State, caller: Credentials, parameters: Parameters) -> str | None:
    """The source identity of the new session; role chaining cannot change it once it is set. Raises Refusal."""
    source_identity = parameters.get("SourceIdentity", caller.source_identity)
    if source_identity is not None:
        _trusting(state, caller, parameters["RoleArn"], "sts:SetSourceIdentity")
    if caller.source_identity not in (None, source_identity):
        raise _not_authorized(caller, "sts:SetSourceIdentity", parameters["RoleArn"])
    return source_identity


def _trusting(state: State, caller: Credentials, arn: str, action: str) -> Role:
    """The role, if its trust policy allows the action. Raises the same Refusal as if the role did not exist."""
    role, context = state.directory.role(arn), {"sts:RequestContextProviders": [_CONTEXT_PROVIDER]}
    if role and documents.may_assume(state.directory, role, caller, action, context):
        return role
    raise _not_authorized(caller, action, arn)


def _not_authorized(caller: Credentials, action: str, arn: str) -> Refusal:
    text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
    return Refusal("AccessDenied", text)


def _context(state: State, provided: Parameters) -> Context:
    """The context behind the assertion. Raises Refusal, with the service model's one error for every mistake."""
    context, reason = state.contexts.get(provided.get("ContextAssertion", "")), ""
    if provided.get("ProviderArn") != _CONTEXT_PROVIDER:
        reason = "the context provider is not the one that issues these contexts"
    elif context is None:
        reason = "Identity Center has not issued this context"
    elif context.expires_at <= state.clock():
        reason = "the context has expired"
    else:
        return context
    raise Refusal("InvalidContextAssertion", "The provided context assertion is invalid", status=400, reason=reason)


def _get_caller_identity(_state: State, signer: Signer | None, _asked: Parameters) -> Parameters:
    caller = required(signer).credentials
    return {"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn}


def _duration(role: Role, parameters: Parameters) -> int:
    duration_s: int = parameters.get("DurationSeconds", _DURATION_S)
    if duration_s > role.longest_session_s:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text)
    return duration_s


def _session(  # noqa: PLR0913 - what the two operations that assume a role share
    state: State,
    role: Role,
    operation: str,
    parameters: Parameters,
    context: Context | None = None,
    *,
    source_identity: str | None,
) -> Parameters:
    """Open the session and return the part of the answer that both operations share. Raises Refusal."""
    if mistakes := policies.mistakes(parameters["Policy"]) if "Policy" in parameters else []:
        raise Refusal("MalformedPolicyDocumentException", mistakes[0])
    duration_s, (size, largest) = _duration(role, parameters), _token_size(operation, parameters)
    credentials = role_session(
        state,
        role,
        parameters["RoleSessionName"],
        duration_s,
        context,
        source_identity=source_identity,
        token_size=size,
    )
    answer: Parameters = {
        "Credentials": described(credentials),
        "AssumedRoleUser": {"AssumedRoleId": credentials.user_id, "Arn": credentials.arn},
        "SessionTokenSize": size,
    }
    if largest:
        answer["SessionTokenUtilization"] = answer["PackedPolicySize"] = -(-100 * size // largest)
    return answer | ({"SourceIdentity": source_identity} if source_identity else {})


def _token_size(operation: str, parameters: Parameters) -> tuple[int, int | None]:
    """The size of the session token in bytes, and its limit, or None if botocore knows none. Raises Refusal."""
    packed = [parameters[name] for name in _PACKED if name in parameters]
    required_size = SHORTEST_TOKEN + (len(zlib.compress(json.dumps(packed).encode(), 9)) if packed else 0)
    largest = limits("sts", operation, "MinimumSessionTokenSize").most
    if largest and required_size > largest:
        text = f"The session token has {required_size} bytes, and the maximum allowed size is {largest} bytes"
        raise Refusal("PackedPolicyTooLargeException", text)
    return max(required_size, parameters.get("MinimumSessionTokenSize", 0)), largest


_OPERATIONS: dict[str, Perform] = {
    "AssumeRole": _assume_role,
    "AssumeRoleWithWebIdentity": _assume_role_with_web_identity,
    "GetCallerIdentity": _get_caller_identity,
}
ROUTES = _SERVICE.routes(_OPERATIONS)
