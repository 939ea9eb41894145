"""Signing in with the browser of this machine, which brings the answer to a server on the loopback interface."""

from functools import partial

from oidc_helper.errors import SignInNeeded
from oidc_helper.oidc import authorization
from oidc_helper.oidc.authorization import Answer
from oidc_helper.person import times
from oidc_helper.person.person import Person
from oidc_helper.person.terminal import Terminal
from oidc_helper.sign_in.loopback import Loopback
from oidc_helper.sign_in.redirect import Answered, Begin, Redirect

_ADVICE_AFTER_S = 10  # the provider shows an error page within seconds, and then no answer comes


def authorize(begin: Begin, redirect: Redirect, person: Person, *, place: str, timeout_s: float) -> Answered:
    """Open the browser and wait for its answer; `place` names the provider. Raises SignInNeeded, TryAgain."""
    loopback, terminal = Loopback(ports=redirect.ports, host=redirect.host, path=redirect.path), person.terminal
    try:
        request = begin(loopback.redirect_uri)
        loopback.serve(request.url, partial(authorization.read, request))
        if person.open_browser(loopback.start_url):
            terminal.show(f"oidc-helper: opening the browser to sign in at {place}; if it does not open, go to")
        else:
            terminal.show(f"oidc-helper: to sign in at {place}, open this address in a browser on this machine")
        terminal.show(request.url)
        settings = f"client {request.client_id}, redirect URI {request.redirect_uri}"
        with terminal.waiting(f"waiting for the browser, for {times.at_most(timeout_s)} at most"):
            answer = _waited_for(loopback, terminal, f"compare with the settings at {place}: {settings}", timeout_s)
    except BaseException:
        loopback.close()
        raise
    return Answered(request, answer, loopback.finish)


def _waited_for(loopback: Loopback, terminal: Terminal, advice: str, timeout_s: float) -> Answer:
    answer = loopback.wait(min(timeout_s, _ADVICE_AFTER_S))
    if answer is None and timeout_s > _ADVICE_AFTER_S:
        terminal.show(f"oidc-helper: no answer yet; if the browser shows an error page, stop with ctrl-c, and {advice}")
        answer = loopback.wait(timeout_s - _ADVICE_AFTER_S)
    if answer is None:
        raise SignInNeeded("nobody finished the sign-in in the browser in time")
    return answer
