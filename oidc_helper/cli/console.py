"""`console`: the AWS console in a browser, with the credentials of a profile."""

import argparse
import json
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TextIO

from oidc_helper.aws import console as federation
from oidc_helper.cli.credentials import fetched
from oidc_helper.cli.person import asking_at_get
from oidc_helper.cli.streams import write_lines
from oidc_helper.cli.voice import tell
from oidc_helper.cli.wiring import Errand, errand
from oidc_helper.errors import SignInNeeded, TryAgain
from oidc_helper.fetch.broker import Fetched
from oidc_helper.person import browser, times
from oidc_helper.sign_in.leading import lead

log = logging.getLogger("oidc_helper.cli.console")

_PATIENCE_S = 60  # for a browser to start


def console(options: argparse.Namespace, answer: TextIO) -> int:
    """Open the console, or print the address that does. Whatever can be wrong before a secret is sent is looked at."""
    own = options.browser_command
    open_browser = None if options.print else browser.opening(own, of_firefox=bool(options.container))
    with asking_at_get() as asking:
        going = errand(options.profile, asking)
        profile = going.profile
        kind = federation.kind(profile)
        where = federation.place(profile.region, signs_out=options.logout)
        service = options.service or ("" if options.destination else kind.page)
        landing = federation.page(where, profile.region, service=service, destination=options.destination or "")
        got = _lasting(going)
    _say(options, kind.note)
    token, ends_at = _token(options, going, where, got)
    url = federation.address(where, token, landing, signs_out=options.logout)
    in_place = partial(federation.in_container, form=options.container, name=profile.name)
    if open_browser is None:
        if answer.isatty():
            life = times.span(federation.ADDRESS_LIFE_S)
            _say(options, f"this address is a secret: for {life}, it signs in whoever opens it")
        answer.write(f"{in_place(url)}\n")
        return 0
    if own:  # it may open a browser elsewhere, where an address of ours leads nowhere
        open_browser(in_place(url))
    else:
        lead(url, lambda ours: open_browser(in_place(ours)), timeout_s=_PATIENCE_S)
    write_lines(answer, f"the browser opens the console of {profile.name}, {times.until(ends_at)}")
    return 0


def _lasting(going: Errand) -> Fetched:
    """Credentials that do not end soon, if such can be had now: the console ends with them."""
    got = fetched(going)
    if got.due:
        with suppress(TryAgain, SignInNeeded):
            return fetched(going, refresh=True)
    return got


def _token(options: argparse.Namespace, going: Errand, where: federation.Place, got: Fetched) -> tuple[str, float]:
    """The sign-in token, and when the session in the console ends."""
    profile, asked_s = going.profile, options.duration
    if asked_s and not federation.kind(profile).outlasts:
        log.warning("--duration is left out: the console session of a role session ends with its credentials")
        asked_s = None

    def token(duration_s: int | None) -> str:
        return federation.sign_in_token(
            where,
            json.loads(got.answer),
            duration_s=duration_s,
            timeout_s=going.deadline.left(),
            ca_bundle=profile.ca_bundle,
        )

    try:
        return token(asked_s), time.time() + asked_s if asked_s else got.expires_at
    except federation.DurationRefused:
        log.warning("%s s are refused: the console session ends with the credentials", f"{asked_s:,}")
        return token(None), got.expires_at


def _say(options: argparse.Namespace, line: str) -> None:
    """A line beside the answer, for whoever reads it."""
    if line:
        tell(line, options.streams.complaint)
