"""Signing in with the browser of this machine, whose answer comes to a server on the loopback."""

from functools import partial

from oidc_helper.oidc import authorization
from oidc_helper.person.person import Person
from oidc_helper.sign_in.loopback import Loopback
from oidc_helper.sign_in.redirect import Answered, Begin, Redirect


def authorize(begin: Begin, redirect: Redirect, person: Person, *, place: str, timeout_s: float) -> Answered:
    """Open the browser and wait for its answer; `place` names the provider. Raises SignInNeeded, TryAgain."""
    loopback = Loopback(ports=redirect.ports, host=redirect.host, path=redirect.path)
    try:
        request = begin(loopback.redirect_uri)
        loopback.serve(partial(authorization.read, request))
        if person.open_browser(request.url):
            person.terminal.show(f"oidc-helper: opening the browser to sign in at {place}; if it does not open, go to")
        else:
            person.terminal.show(f"oidc-helper: to sign in at {place}, open this address in a browser on this machine")
        person.terminal.show(request.url)
        with person.terminal.waiting("waiting for the browser"):
            answer = loopback.wait(timeout_s)
    except BaseException:
        loopback.close()
        raise
    return Answered(request, answer, loopback.finish)
