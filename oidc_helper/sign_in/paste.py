"""Signing in with a browser that cannot reach this machine: the person pastes the address it was redirected to."""

import secrets
from urllib.parse import urlsplit

from oidc_helper.errors import SignInNeeded
from oidc_helper.oidc import authorization
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError, Request
from oidc_helper.person import times
from oidc_helper.person.person import Person
from oidc_helper.sign_in.redirect import Answered, Begin, Redirect

_TRIES = 5
_ANY_PORTS = range(49_152, 65_536)  # the dynamic ports of RFC 6335, on which nothing is likely to listen


def authorize(begin: Begin, redirect: Redirect, person: Person, *, place: str, timeout_s: float) -> Answered:
    """Ask until the person pastes the right address; `place` names the provider. Raises SignInNeeded."""
    port = next((port for port in redirect.ports if port), None) or secrets.choice(_ANY_PORTS)
    request = begin(f"http://{redirect.host}:{port}{redirect.path}")
    terminal = person.terminal
    terminal.show(
        f"oidc-helper: to sign in at {place}, open this address in a browser on any machine",
        request.url,
        "after that, the browser is sent to an address that it cannot open, beginning with",
        f"  {request.redirect_uri}",
        "copy that whole address from the browser's address bar, and paste it here",
        f"within {times.at_most(timeout_s)}",
    )
    ends = person.clock() + timeout_s
    for number in range(1, _TRIES + 1):
        try:
            pasted = terminal.ask("> ", timeout_s=ends - person.clock())
        except TimeoutError:
            raise SignInNeeded("nobody pasted the address in time") from None
        if pasted is None:
            break
        try:
            return Answered(request, _read(request, pasted.strip()), lambda _error: None)
        except ForeignAnswerError as error:
            which = f"{number} of {_TRIES}"
            terminal.show(f"this cannot be used ({which}): {error}; paste the whole address, from http to its end")
    raise SignInNeeded("nobody pasted the address that the browser was sent to")


def _read(request: Request, pasted: str) -> Answer:
    """Read the address, or its query alone. Raises ForeignAnswerError."""
    try:
        parts = urlsplit(pasted)
    except ValueError:
        raise ForeignAnswerError("it is not an address") from None
    if parts.netloc and parts.netloc == urlsplit(request.url).netloc != urlsplit(request.redirect_uri).netloc:
        raise ForeignAnswerError("it is the address to sign in at, not the one that follows")
    query = parts.query or pasted.lstrip("?")
    if "=" not in query:
        raise ForeignAnswerError("it holds no answer")
    return authorization.read(request, query)
