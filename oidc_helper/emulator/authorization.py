"""The authorization code flow with PKCE, which the identity provider and Identity Center share."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.keys import opaque
from oidc_helper.emulator.pages import decision_page, page
from oidc_helper.emulator.state import Code, Pending, State

_PENDING_S = 600
_CODE_S = 600  # the maximum of RFC 6749 section 4.1.2: on a busy machine a client needs more than a minute
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # the base64url of a SHA-256, RFC 7636 section 4.2
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PROMPTS = {"none", "login", "consent", "select_account"}


@dataclass(frozen=True)
class Registered:
    """A client's registration: the redirect URIs and scopes that it may ask for."""

    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    default_scopes: tuple[str, ...]
    pkce_required: bool
    any_loopback_port: bool  # RFC 8252 section 7.3


@dataclass(frozen=True)
class Party:
    """The server that shows the sign-in page: the identity provider, or Identity Center.

    `issuer` gives the `iss` of the redirect (RFC 9207), or None for none.
    """

    service: str
    title: str
    path: str
    scope_parameter: str
    registered: Callable[[State, str], Registered | None]
    users: Callable[[State], list[str]]
    issuer: Callable[[State], str | None]


class CodeRefused(Exception):  # noqa: N818 - each party turns it into its own refusal
    """The code cannot be redeemed; the text says why. `code` is set only if the code was redeemed before."""

    def __init__(self, reason: str, code: Code | None = None) -> None:
        super().__init__(reason)
        self.code = code


def endpoints(party: Party) -> dict[tuple[str, str], Endpoint]:
    """The pages for browsers, by method and path."""

    def authorize(read: Callable[[Call], Parameters]) -> Endpoint:
        return Endpoint(
            party.service, "Authorize", read, lambda state, call: _authorize(state, party, read(call)), _error
        )

    decide = Endpoint(
        party.service, "Decide", Call.form, lambda state, call: _decide(state, party, call.form()), _error
    )
    return {
        ("GET", party.path): authorize(Call.query_values),
        ("POST", party.path): authorize(Call.form),  # OpenID Connect Core section 3.1.2.1
        ("POST", party.path + "/decision"): decide,
    }


def redeem(state: State, code: str, *, client_id: str, redirect_uri: str, verifier: str | None) -> Code:
    """Redeem a code. Raises CodeRefused, even for a verifier without a challenge (RFC 9700 section 4.8.2)."""
    issued = state.codes.get(code)
    if issued is None:
        raise CodeRefused("no such code")
    if issued.spent:
        raise CodeRefused("the code has been redeemed already", issued)
    if issued.request.client_id != client_id:
        raise CodeRefused("the code was issued to another client")
    issued.spent = True
    if issued.expires_at <= state.clock():
        raise CodeRefused("the code has expired")
    if issued.request.redirect_uri != redirect_uri:
        raise CodeRefused("the redirect URI is not the one of the authorization request")
    if not hmac.compare_digest(issued.request.challenge or "", _s256(verifier) if verifier else ""):
        raise CodeRefused("the code verifier does not match the code challenge")
    return issued


def _authorize(state: State, party: Party, parameters: Parameters) -> Answer:
    registered = party.registered(state, parameters.get("client_id", ""))
    redirect_uri = parameters.get("redirect_uri", "")
    if registered is None:
        raise Refusal("unauthorized_client", "there is no such client")
    if not any(_same_redirect(registered_uri, redirect_uri, registered) for registered_uri in registered.redirect_uris):
        raise Refusal("invalid_request", "this redirect URI is not registered for the client")
    scopes = tuple(parameters.get(party.scope_parameter, "").split()) or registered.default_scopes
    pending = Pending(
        client_id=parameters["client_id"],
        redirect_uri=redirect_uri,
        state=parameters.get("state"),
        scopes=scopes,
        nonce=parameters.get("nonce"),
        challenge=parameters.get("code_challenge"),
        expires_at=state.clock() + _PENDING_S,
    )
    problem = _problem(parameters, registered, scopes)
    if problem:
        return _redirect(state, party, pending, error=problem[0], error_description=problem[1])
    return _decision_page(state, party, pending, parameters)


def _decision_page(state: State, party: Party, pending: Pending, parameters: Parameters) -> Answer:
    users = party.users(state)
    hint = parameters.get("login_hint")
    offered = hint if hint in users else users[0]
    if state.directory.identity_provider.auto_approve:
        return _approved(state, party, pending, offered)
    if parameters.get("prompt") == "none":  # OpenID Connect Core section 3.1.2.6
        return _redirect(state, party, pending, error=state.directory.identity_provider.silent_error)
    handle = opaque(32)
    state.pending[handle] = pending
    return decision_page(
        party.title,
        f"{pending.client_id} asks for: {' '.join(pending.scopes)}",
        action=party.path + "/decision",
        hidden={"request": handle},
        users=users,
        offered=offered,
    )


def _decide(state: State, party: Party, form: Parameters) -> Answer:
    pending = state.pending.pop(form.get("request", ""), None)
    if pending is None or pending.expires_at <= state.clock():
        raise Refusal("invalid_request", "this sign-in was finished already, or took too long")
    if form.get("decision") != "approve":
        return _redirect(state, party, pending, error="access_denied")
    if form.get("user") not in party.users(state):
        raise Refusal("invalid_request", "there is no such user")
    return _approved(state, party, pending, form["user"])


def _approved(state: State, party: Party, pending: Pending, email: str) -> Answer:
    code, now = opaque(43), state.clock()
    state.codes[code] = Code(request=pending, email=email, expires_at=now + _CODE_S, signed_in_at=now)
    return _redirect(state, party, pending, code=code)


def _problem(parameters: Parameters, registered: Registered, scopes: tuple[str, ...]) -> tuple[str, str] | None:
    """The first mistake in a request: error and description for the client (RFC 6749 section 4.1.2.1)."""
    challenge, prompts = parameters.get("code_challenge"), set(parameters.get("prompt", "").split())
    checks = (
        ("response_type" not in parameters, "invalid_request", "response_type is missing"),
        (parameters.get("response_type") != "code", "unsupported_response_type", ""),
        (
            parameters.get("response_mode", "query") != "query",
            "invalid_request",
            "only the response mode query is supported",
        ),
        ("request" in parameters, "request_not_supported", ""),
        ("request_uri" in parameters, "request_uri_not_supported", ""),
        (challenge is None and registered.pkce_required, "invalid_request", "code_challenge is missing"),
        (challenge and parameters.get("code_challenge_method") != "S256", "invalid_request", "the method must be S256"),
        (challenge and not _CHALLENGE.fullmatch(challenge), "invalid_request", "code_challenge is not a SHA-256"),
        (not set(scopes) <= set(registered.scopes), "invalid_scope", ""),
        ("none" in prompts and len(prompts) > 1, "invalid_request", "the prompt none stands alone"),
        (not prompts <= _PROMPTS, "invalid_request", "there is no such prompt"),
    )
    return next(((error, text) for wrong, error, text in checks if wrong), None)


def _redirect(state: State, party: Party, pending: Pending, **values: str) -> Answer:
    parameters = {**values, "state": pending.state, "iss": party.issuer(state)}
    query = urlencode({name: value for name, value in parameters.items() if value})
    joint = "&" if urlsplit(pending.redirect_uri).query else "?"
    return Answer(
        303,  # never 307, which would post the form to the client as well (RFC 9700 section 4.12)
        headers={"Location": pending.redirect_uri + joint + query, "Cache-Control": "no-store"},
        error=values.get("error"),
        reason=values.get("error_description", ""),
    )


def _same_redirect(registered_uri: str, requested: str, registered: Registered) -> bool:
    """Whether the URIs are equal; if the client allows it, the port of a loopback address may differ."""
    if registered_uri == requested:
        return True
    try:
        left, right = urlsplit(registered_uri), urlsplit(requested)
        port = right.port
    except ValueError:
        return False
    if not registered.any_loopback_port or left.hostname not in _LOOPBACK or port is None:
        return False
    host = f"[{left.hostname}]" if ":" in (left.hostname or "") else left.hostname
    return left.scheme == "http" and requested == left._replace(netloc=f"{host}:{port}").geturl()


def _s256(verifier: str) -> str:
    """RFC 7636 section 4.6."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _error(refusal: Refusal) -> Answer:
    """Show the error to the person: never redirect to a URI that cannot be trusted."""
    return page("This sign-in cannot go on", refusal.message or refusal.code, status=400, error=refusal.code)
