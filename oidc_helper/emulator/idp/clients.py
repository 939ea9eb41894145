"""Client authentication, and the answers and errors of the endpoints that clients call."""

import base64
import binascii
import hmac
import json
from urllib.parse import unquote_plus

from oidc_helper.emulator.calls import Answer, Call, Parameters, Refusal
from oidc_helper.emulator.directory import Client
from oidc_helper.emulator.state import State

_NO_STORE = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
_STATUS = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}  # all others: 400


def authenticated(state: State, call: Call, form: Parameters) -> Client:
    """The client, authenticated by HTTP Basic or by its secret in the form; a public client just gives its id.

    RFC 6749 section 2.3. Raises Refusal.
    """
    authorization = call.headers.get("Authorization")
    if authorization and "client_secret" in form:
        raise Refusal("invalid_request", "the client authenticates in two ways")
    client_id, secret = (
        _basic(authorization) if authorization else (form.get("client_id", ""), form.get("client_secret"))
    )
    client = state.directory.identity_provider.clients.get(client_id)
    if client is None or form.get("client_id", client_id) != client_id:
        raise Refusal("invalid_client", reason="there is no such client")
    if not hmac.compare_digest((client.secret or "").encode(), (secret or "").encode()):
        raise Refusal("invalid_client", reason="wrong client secret")
    return client


def answer(body: Parameters) -> Answer:
    """A successful answer (RFC 6749 section 5.1)."""
    return Answer(200, json.dumps(body).encode(), _NO_STORE)


def refuse(refusal: Refusal) -> Answer:
    """An error answer (RFC 6749 section 5.2)."""
    body = {"error": refusal.code, **refusal.members}
    if refusal.message:
        body["error_description"] = refusal.message
    status = refusal.status or _STATUS.get(refusal.code, 400)
    challenge = {"WWW-Authenticate": 'Basic realm="oidc-helper emulator"'} if status == 401 else {}
    return Answer(status, json.dumps(body).encode(), {**_NO_STORE, **challenge}, refusal.code, refusal.reason)


def _basic(authorization: str) -> tuple[str, str]:
    """Client id and secret, each form-encoded before they were joined (RFC 6749 section 2.3.1). Raises Refusal."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        scheme = ""
    if scheme.lower() != "basic":
        raise Refusal("invalid_client", reason="the Authorization header is not of Basic authentication")
    return unquote_plus(name), unquote_plus(secret)
