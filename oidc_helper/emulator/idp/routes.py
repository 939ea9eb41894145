"""The provider's endpoints by method and path."""

from collections.abc import Callable

from oidc_helper.emulator import authorization
from oidc_helper.emulator.authorization import Party, Registered
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.idp import clients, device, documents, sessions, token_endpoint
from oidc_helper.emulator.state import State


def _registered(state: State, client_id: str) -> Registered | None:
    provider = state.directory.identity_provider
    client = provider.clients.get(client_id)
    if client is None or "authorization_code" not in client.grants:
        return None
    return Registered(
        redirect_uris=tuple(client.redirect_uris),
        scopes=provider.scopes,
        default_scopes=("openid",),
        pkce_required=client.secret is None,
        any_loopback_port=True,
    )


_PARTY = Party(
    service="idp",
    title="Sign in at the example identity provider",
    path="/idp/authorize",
    scope_parameter="scope",
    registered=_registered,
    users=lambda state: list(state.directory.identity_provider.people),
    issuer=lambda state: state.directory.identity_provider.issuer,
)


def _endpoint(
    operation: str,
    read: Callable[[Call], Parameters],
    work: Callable[[State, Call], Answer],
    refuse: Callable[[Refusal], Answer] = clients.refuse,
) -> Endpoint:
    return Endpoint("idp", operation, read, work, refuse)


ROUTES = {
    **authorization.endpoints(_PARTY),
    ("GET", "/idp/.well-known/openid-configuration"): _endpoint("Discovery", Call.query_values, documents.metadata),
    ("GET", "/idp/keys"): _endpoint("Keys", Call.query_values, documents.keys),
    ("POST", "/idp/token"): _endpoint("Token", Call.form, token_endpoint.token),
    ("POST", "/idp/revoke"): _endpoint("Revoke", Call.form, token_endpoint.revoke),
    ("POST", "/idp/device_authorization"): _endpoint("DeviceAuthorization", Call.form, device.device_authorization),
    **{
        (method, path): _endpoint(operation, sessions.either, work, refuse)
        for method in ("GET", "POST")
        for path, operation, work, refuse in (
            ("/idp/userinfo", "UserInfo", sessions.userinfo, sessions.refuse_bearer),
            ("/idp/end_session", "EndSession", sessions.end_session, sessions.refuse_page),
        )
    },
    ("GET", device.PATH): _endpoint("Verify", Call.query_values, device.verification, device.refuse),
    ("POST", device.PATH): _endpoint("DecideDevice", Call.form, device.decision, device.refuse),
}
