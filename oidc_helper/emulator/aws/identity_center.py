"""CreateTokenWithIAM: check the application, the caller and the grant, then issue tokens."""

from oidc_helper.emulator import authorization
from oidc_helper.emulator.authorization import Party, Registered
from oidc_helper.emulator.aws import documents, grants
from oidc_helper.emulator.aws.endpoint import Service, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import DEFAULT_SCOPES, Application
from oidc_helper.emulator.state import State

_SERVICE = Service("sso-oidc", invalid="InvalidRequestException", outside="AccessDeniedException")


def _create_token_with_iam(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    caller = required(signer)
    application = _application(state, parameters["clientId"], caller.region)
    _check_region_of_token(state, parameters, caller.region)
    _check_actor(state, application, caller)
    name = parameters["grantType"]
    grant = grants.GRANTS.get(name)
    if grant is None or (name == "authorization_code" and application.customer_managed):  # as observed at AWS
        raise Refusal("UnsupportedGrantTypeException", f"Grant type: {name} not supported")
    if name not in application.grants:
        raise Refusal("UnauthorizedClientException", reason=f"{name} is not enabled for the application")
    for parameter in grant.required:
        if not parameters.get(parameter):
            raise Refusal("InvalidRequestException", f"{parameter} is required for this grant type")
    answer = grant.perform(state, application, parameters)
    for member in answer.keys() & {"accessToken", "refreshToken"}:
        state.tokens[answer[member]].region = caller.region
    return answer


def _application(state: State, arn: str, region: str) -> Application:
    application = state.directory.application_named(arn)
    if application is None:
        raise Refusal("InvalidClientException", reason="there is no such application")
    regions = state.directory.identity_center_regions
    if region in regions:
        if not application.enabled:
            raise Refusal("AccessDeniedException", reason="the application is disabled")
        return application
    error = state.directory.wrong_region_error
    if error != "InvalidRequestRegionException":
        raise Refusal(error, reason=f"the application is in {' and '.join(regions)}, not {region}")
    raise _of_another_region("the application", regions[0], region)


def _check_region_of_token(state: State, parameters: Parameters, region: str) -> None:
    """A refresh or access token works only in the region that issued it, as the service model describes."""
    token = state.tokens.get(parameters.get("refreshToken") or parameters.get("subjectToken", ""))
    if token and token.region not in ("", region):
        raise _of_another_region("the token", token.region, region)


def _of_another_region(what: str, home: str, requested: str) -> Refusal:
    members = {"region": home, "endpoint": f"https://oidc.{home}.amazonaws.com"}
    return Refusal("InvalidRequestRegionException", reason=f"{what} is of {home}, not {requested}", members=members)


def _check_actor(state: State, application: Application, caller: Signer) -> None:
    """Check the actor policy. As users have reported, AWS refuses with an empty message."""
    if not documents.may_exchange(state.directory, application, caller.credentials):
        reason = f"the actor policy does not allow it to {caller.credentials.principal_arn}"
        raise Refusal("AccessDeniedException", reason=reason)


def _registered(state: State, client_id: str) -> Registered | None:
    application = state.directory.application_named(client_id)
    if application is None or application.customer_managed or "authorization_code" not in application.grants:
        return None
    scopes = (*application.scopes, *DEFAULT_SCOPES)
    return Registered(
        redirect_uris=tuple(application.redirect_uris),
        scopes=scopes,
        default_scopes=scopes,
        pkce_required=False,
        any_loopback_port=application.any_loopback_port,
    )


_PARTY = Party(
    service="sso-oidc",
    title="Sign in to IAM Identity Center",
    path="/authorize",
    scope_parameter="scopes",
    registered=_registered,
    users=lambda state: [user.email for user in state.directory.users],
    issuer=lambda _state: None,
)

ROUTES = {**_SERVICE.route("CreateTokenWithIAM", _create_token_with_iam), **authorization.endpoints(_PARTY)}
