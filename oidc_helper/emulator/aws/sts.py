"""STS: role sessions for web identities and for callers, and GetCallerIdentity.

The policy that STS attaches to identity-enhanced sessions is not modelled. At AWS it allows GetCallerIdentity and
GetDataAccess, which the emulator allows too.
"""

from urllib.parse import parse_qsl

from oidc_helper.emulator.aws import errors, service_model
from oidc_helper.emulator.aws.credentials import described, role_session
from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.keys import BadToken, Claims, audiences, claimed_issuer, moment
from oidc_helper.emulator.state import Context, Credentials, State

_SERVICE = Service("sts", invalid="ValidationError")
_DURATION_S = 3600  # the default, and the longest for a role that assumes a role
_CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


def _assume_role_with_web_identity(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    claims, audience = _web_identity(state, asked["WebIdentityToken"])
    role = state.directory.role(asked["RoleArn"])
    if role is None or audience not in role.web_identity_audiences:
        raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    credentials = role_session(state, role, asked["RoleSessionName"], _duration(role, asked))
    return {
        **_session(credentials),
        "SubjectFromWebIdentityToken": claims["sub"],
        "Provider": claims["iss"],
        "Audience": audience,
    }


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
    # IAM reads the authorised party, if there is one, as the audience
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


def _assume_role(state: State, signer: Signer | None, asked: Parameters) -> Parameters:
    caller = required(signer).credentials
    role = _trusting(state, caller, asked["RoleArn"], "sts:AssumeRole")
    if caller.of_role and asked.get("DurationSeconds", 0) > _DURATION_S:
        limit = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise Refusal("ValidationError", limit)
    duration_s, context = _duration(role, asked), None
    for provided in asked.get("ProvidedContexts", ()):
        _trusting(state, caller, asked["RoleArn"], "sts:SetContext")
        context = _context(state, provided)
    return _session(role_session(state, role, asked["RoleSessionName"], duration_s, context))


def _trusting(state: State, caller: Credentials, arn: str, action: str) -> Role:
    """The role, if its trust policy allows the action. Raises Refusal, the same as if the role did not exist."""
    role = state.directory.role(arn)
    names = {caller.principal_arn, f"arn:aws:iam::{caller.account_id}:root"}
    if role and not role.trusted.isdisjoint(names) and (action == "sts:AssumeRole" or role.allows_set_context):
        return role
    raise Refusal("AccessDenied", f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}")


def _context(state: State, provided: Parameters) -> Context:
    """The context behind the assertion. Raises Refusal: the service model has one error for all that may be wrong."""
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


def _duration(role: Role, asked: Parameters) -> int:
    duration_s: int = asked.get("DurationSeconds", _DURATION_S)
    if duration_s > role.longest_session_s:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text)
    return duration_s


def _session(credentials: Credentials) -> Parameters:
    user = {"AssumedRoleId": credentials.user_id, "Arn": credentials.arn}
    return {"Credentials": described(credentials), "AssumedRoleUser": user, "PackedPolicySize": 0}


_OPERATIONS: dict[str, Perform] = {
    "AssumeRole": _assume_role,
    "AssumeRoleWithWebIdentity": _assume_role_with_web_identity,
    "GetCallerIdentity": _get_caller_identity,
}
_ENDPOINTS = {name: _SERVICE.endpoint(name, perform) for name, perform in _OPERATIONS.items()}


def endpoint(call: Call) -> Endpoint:
    """The endpoint of a call: the query protocol has one path, and the body names the operation."""
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    right_version = form.get("Version") == service_model.service("sts").api_version
    return _ENDPOINTS.get(form.get("Action", ""), _UNKNOWN) if right_version else _UNKNOWN


def _unknown(_state: State, _call: Call) -> Answer:
    raise Refusal("InvalidAction", "Could not find such an operation for this version", status=400)


_UNKNOWN = Endpoint(
    service="sts",
    operation="unknown",
    read=lambda _call: {},
    work=_unknown,
    refuse=lambda refusal: errors.refuse(service_model.operation("sts", "GetCallerIdentity"), refusal),
)
