"""The provider's token endpoint and revocation endpoint."""

from collections.abc import Callable

from oidc_helper.emulator.authorization import CodeRefused, redeem
from oidc_helper.emulator.calls import Answer, Call, Parameters, Refusal
from oidc_helper.emulator.directory import DEVICE_CODE, Client
from oidc_helper.emulator.idp.claims import identity_claims
from oidc_helper.emulator.idp.clients import answer, authenticated
from oidc_helper.emulator.idp.device import poll
from oidc_helper.emulator.keys import opaque
from oidc_helper.emulator.state import Issued, Session, State


def token(state: State, call: Call) -> Answer:
    """Issue tokens for a grant (RFC 6749 section 3.2)."""
    form = call.form()
    client = authenticated(state, call, form)
    grant = form.get("grant_type")
    if not grant:
        raise Refusal("invalid_request", "grant_type is missing")
    if grant not in _GRANTS:
        raise Refusal("unsupported_grant_type")
    if grant not in client.grants:
        raise Refusal("unauthorized_client", "the client may not use this grant")
    return answer(_GRANTS[grant](state, client, form))


def revoke(state: State, call: Call) -> Answer:
    """End the whole session of a refresh token; any other token is ignored (RFC 7009)."""
    form = call.form()
    client = authenticated(state, call, form)
    refresh_token = state.refresh_tokens.get(_required(form, "token"))
    if refresh_token and refresh_token.client_id == client.client_id:
        refresh_token.session.ended = True
    return Answer(200)


def _authorization_code(state: State, client: Client, form: Parameters) -> Parameters:
    try:
        code = redeem(
            state,
            _required(form, "code"),
            client_id=client.client_id,
            redirect_uri=_required(form, "redirect_uri"),
            verifier=form.get("code_verifier"),
        )
    except CodeRefused as refused:
        if refused.code and refused.code.session:  # the code was stolen: RFC 6749 section 4.1.2
            refused.code.session.ended = True
        raise Refusal("invalid_grant", reason=str(refused)) from refused
    code.session = _session(state, code.email)
    claims = {"auth_time": int(code.signed_in_at)} | ({"nonce": code.request.nonce} if code.request.nonce else {})
    return _tokens(state, client, code.session, code.request.scopes, claims)


def _device_code(state: State, client: Client, form: Parameters) -> Parameters:
    device = poll(state, client, _required(form, "device_code"))
    return _tokens(state, client, _session(state, device.email or ""), device.scopes, {})


def _refresh_token(state: State, client: Client, form: Parameters) -> Parameters:
    provider = state.directory.identity_provider
    refresh_token = state.refresh_tokens.get(_required(form, "refresh_token"))
    if refresh_token is None or refresh_token.client_id != client.client_id:
        raise Refusal("invalid_grant", reason="no such refresh token of this client")
    if refresh_token.spent and provider.reuse_ends_session:  # RFC 9700 section 4.14.2
        refresh_token.session.ended = True
    if refresh_token.spent or not refresh_token.session.live(state.clock()):
        raise Refusal("invalid_grant", reason="it was used before" if refresh_token.spent else "the session is over")
    scopes = tuple(form.get("scope", "").split()) or refresh_token.scopes
    if not set(scopes) <= set(refresh_token.scopes):
        raise Refusal("invalid_scope", "more than the first grant")
    refresh_token.spent = provider.rotates_refresh_tokens
    body = _tokens(state, client, refresh_token.session, scopes, {"auth_time": int(refresh_token.session.began_at)})
    body.pop("refresh_token", None)
    if provider.rotates_refresh_tokens:
        body |= _refreshable(state, client, refresh_token.session, refresh_token.scopes)
    return body


_GRANTS: dict[str, Callable[[State, Client, Parameters], Parameters]] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    DEVICE_CODE: _device_code,
}


def _session(state: State, email: str) -> Session:
    now = state.clock()
    return Session(email, now, now + state.directory.identity_provider.session_lifetime_s)


def _tokens(state: State, client: Client, session: Session, scopes: tuple[str, ...], claims: Parameters) -> Parameters:
    """The answer to a grant (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
    provider = state.directory.identity_provider
    person = provider.people.get(session.subject)
    if person is None:
        raise Refusal("invalid_grant", reason="the person does not exist any more")
    access = identity_claims(state, person, client.client_id) | {
        "client_id": client.client_id,
        "scope": " ".join(scopes),
    }
    body: Parameters = {
        "access_token": state.keys.sign(access, typ="at+jwt"),  # RFC 9068
        "token_type": "Bearer",
        "expires_in": provider.token_lifetime_s,
        "scope": " ".join(scopes),
    }
    if "openid" in scopes:
        body["id_token"] = state.keys.sign(identity_claims(state, person, client.client_id) | claims)
    if "offline_access" in scopes and "refresh_token" in client.grants:
        body |= _refreshable(state, client, session, scopes)
    return body


def _refreshable(state: State, client: Client, session: Session, scopes: tuple[str, ...]) -> Parameters:
    refresh = opaque(64)
    state.refresh_tokens[refresh] = Issued("refresh", client.client_id, session, scopes, session.ends_at)
    if not state.directory.identity_provider.tells_refresh_lifetime:
        return {"refresh_token": refresh}
    return {"refresh_token": refresh, "refresh_expires_in": int(session.ends_at - state.clock())}


def _required(form: Parameters, name: str) -> str:
    value: str = form.get(name, "")
    if not value:
        raise Refusal("invalid_request", f"{name} is missing")
    return value
