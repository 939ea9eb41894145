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
    """Open the console, or print its address. Check everything that can be checked before a secret is sent."""
    own = options.browser_command
    open_browser = None if options.print else browser.opening(own, of_firefox=bool(options.container))
    with asking_at_get() as asking:
        going = errand(options.profile, asking)
        profile = going.profile
        kind = federation.kind(profile)
        where = federation.place(profile.region, leaves=options.logout)
        service = options.service or ("" if options.destination else kind.page)
        landing = federation.page(where, profile.region, service=service, destination=options.destination or "")
        credentials = _lasting(going)
    _say(options, kind.note)
    token, ends_at = _token(options, going, where, credentials)
    url = federation.address(where, token, landing, leaves=options.logout)
    in_place = partial(federation.in_container, form=options.container, name=profile.name)
    if open_browser is None:
        if answer.isatty():
            life = times.span(federation.ADDRESS_LIFE_S)
            _say(options, f"this address is a secret: for {life}, it signs in anybody who opens it")
        answer.write(f"{in_place(url)}\n")
        return 0
    if own:  # it may open a browser on another machine, where a local address leads nowhere
        open_browser(in_place(url))
    else:
        lead(url, lambda local: open_browser(in_place(local)), timeout_s=_PATIENCE_S)
    write_lines(answer, f"the browser opens the console of {profile.name}, {times.until(ends_at)}")
    return 0


def _lasting(going: Errand) -> Fetched:
    """Credentials that do not end soon, if possible: the console session ends with them."""
    credentials = fetched(going)
    if credentials.due:
        with suppress(TryAgain, SignInNeeded):
            return fetched(going, refresh=True)
    return credentials


def _token(
    options: argparse.Namespace, going: Errand, where: federation.Place, credentials: Fetched
) -> tuple[str, float]:
    """The sign-in token, and when the console session ends."""
    profile, duration_s = going.profile, options.duration
    if duration_s and not federation.kind(profile).outlasts:
        log.warning("--duration is left out: the console session of a role session ends with its credentials")
        duration_s = None

    def token(seconds: int | None) -> str:
        return federation.sign_in_token(
            where,
            json.loads(credentials.answer),
            duration_s=seconds,
            timeout_s=going.deadline.left(),
            ca_bundle=profile.ca_bundle,
        )

    try:
        return token(duration_s), time.time() + duration_s if duration_s else credentials.expires_at
    except federation.DurationRefused:
        log.warning("%s s are refused: the console session ends with the credentials", f"{duration_s:,}")
        return token(None), credentials.expires_at


def _say(options: argparse.Namespace, line: str) -> None:
    """Say something beside the answer, on stderr."""
    if line:
        tell(line, options.streams.complaint)
