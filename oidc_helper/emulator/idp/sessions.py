"""What a client may ask about a person's session: the person (userinfo), and logout (RP-Initiated Logout 1.0)."""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from oidc_helper.emulator.calls import Answer, Call, Parameters, Refusal
from oidc_helper.emulator.keys import BadToken, audiences
from oidc_helper.emulator.pages import page
from oidc_helper.emulator.state import State

_CLAIMS = {"email": ("email", "email_verified"), "profile": ("name",)}  # OpenID Connect Core section 5.4
_STATUS = {"invalid_request": 400, "invalid_token": 401, "insufficient_scope": 403}


def either(call: Call) -> Parameters:
    """The parameters of the query or the posted form. Raises Refusal."""
    return call.form() if call.method == "POST" else call.query_values()


def userinfo(state: State, call: Call) -> Answer:
    """OpenID Connect Core section 5.3: the claims that the scopes of the access token allow."""
    claims = _claims(state, _bearer(call), typ="at+jwt")
    scopes = str(claims.get("scope", "")).split()
    if claims["exp"] <= state.clock():
        raise Refusal("invalid_token", "the access token has expired")
    if "openid" not in scopes:
        raise Refusal("insufficient_scope", "the scope openid was not granted")
    names = {"sub", *(name for scope in scopes for name in _CLAIMS.get(scope, ()))}
    body = json.dumps({name: value for name, value in claims.items() if name in names}).encode()
    return Answer(200, body, {"Content-Type": "application/json", "Cache-Control": "no-store"})


def end_session(state: State, call: Call) -> Answer:
    """End the sessions of the person in `id_token_hint`; without a hint no session is ended."""
    parameters = either(call)
    hint = _claims(state, parameters["id_token_hint"], typ="JWT") if "id_token_hint" in parameters else {}
    client_id = parameters.get("client_id") or next(iter(audiences(hint)), "")
    if hint and client_id not in audiences(hint):
        raise Refusal("invalid_request", "id_token_hint was issued to another client")
    for issued in state.refresh_tokens.values():
        if issued.client_id == client_id and issued.session.subject == hint.get("email"):
            issued.session.ended = True
    uri = parameters.get("post_logout_redirect_uri")
    if not uri:
        return page("Signed out", "You are signed out. You can close this page.")
    client = state.directory.identity_provider.clients.get(client_id)
    if client is None or not any(_same_place(registered_uri, uri) for registered_uri in client.redirect_uris):
        raise Refusal("invalid_request", "this redirect URI is not registered for the client")
    query = urlencode({"state": parameters["state"]}) if "state" in parameters else ""
    joint = ("&" if urlsplit(uri).query else "?") if query else ""
    return Answer(303, headers={"Location": uri + joint + query, "Cache-Control": "no-store"})


def refuse_bearer(refusal: Refusal) -> Answer:
    """Refuse as in RFC 6750 section 3: if no token was sent, the challenge names no error."""
    status = _STATUS.get(refusal.code, 401)
    details = f', error="{refusal.code}", error_description="{refusal.message}"' if refusal.message else ""
    challenge = f'Bearer realm="oidc-helper emulator"{details}'
    return Answer(status, headers={"WWW-Authenticate": challenge}, error=refusal.code, reason=refusal.reason)


def refuse_page(refusal: Refusal) -> Answer:
    """Show the error to the person: never redirect to a URI that cannot be trusted."""
    return page("You cannot be signed out", refusal.message or refusal.code, status=400, error=refusal.code)


def _bearer(call: Call) -> str:
    """The bearer token from the header or the form (RFC 6750 sections 2.1 and 2.2). Raises Refusal."""
    scheme, _, token = (call.headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token
    posted = call.form().get("access_token") if call.method == "POST" and call.body else None
    if not posted:
        raise Refusal("no_token", reason="there is no bearer token")
    return posted


def _claims(state: State, token: str, *, typ: str) -> dict[str, Any]:
    """The claims of a token that this provider issued, even if it has expired. Raises Refusal."""
    try:
        claims = state.keys.verified(token, algorithms=["RS256"])
    except BadToken as error:
        raise Refusal("invalid_token", "the token is not one of this provider", reason=str(error)) from error
    is_for_access = "scope" in claims
    if claims.get("iss") != state.directory.identity_provider.issuer or is_for_access is not (typ == "at+jwt"):
        raise Refusal("invalid_token", "the token is not one of this provider, or not of this kind")
    return claims


def _same_place(registered_uri: str, requested: str) -> bool:
    """Whether both have the same scheme and host: the emulator's clients register no URI for the return from logout."""
    left, right = urlsplit(registered_uri), urlsplit(requested)
    return (left.scheme, left.hostname) == (right.scheme, right.hostname)
