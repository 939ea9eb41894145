"""`exec` and `env`: credentials for programs that read variables."""

import argparse
import os
import time
from typing import TextIO

from oidc_helper.cli.credentials import fetched
from oidc_helper.cli.person import asking_at_get
from oidc_helper.cli.wiring import Errand, errand
from oidc_helper.errors import WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.handover import program, variables
from oidc_helper.handover.formats import FORMATS
from oidc_helper.person import times
from oidc_helper.words import printable


def exec_(options: argparse.Namespace, _answer: TextIO) -> int:
    """Become the command, with the credentials of the profile in its environment."""
    before = os.environ.get(variables.PROFILE)
    if before and not options.nested:
        raise WrongSettings(
            f"the credentials of {printable(before)} are in this environment already",
            f"leave that shell, or add --nested: oidc-helper exec --nested {options.profile}",
        )
    getting, got = _credentials(options)
    given = variables.given(got.answer, profile=getting.profile.name, region=getting.profile.region)
    environment = variables.replaced(os.environ, given)
    words = options.words
    if not words:
        words = [program.shell(environment)]
        ours = options.streams.complaint
        ours.write(
            f"oidc-helper: a shell with the credentials of {getting.profile.name}, {times.until(got.expires_at)}; "
            "exit ends it\n"
        )
        ours.flush()
    with options.streams.given_back():
        return program.become(words, environment)


def env(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the variables for a shell or a file."""
    getting, got = _credentials(options)
    given = variables.given(got.answer, profile=getting.profile.name, region=getting.profile.region)
    answer.write(FORMATS[options.format](given, variables.conflicting(os.environ, given)))
    return 0


def _credentials(options: argparse.Namespace) -> tuple[Errand, broker.Fetched]:
    """With the seconds left that are asked for. Raises WrongSettings where new ones do not have them."""
    with asking_at_get() as asking:
        getting = errand(options.profile, asking)
        got = fetched(getting)
        if got.expires_at - time.time() < options.min_ttl:
            got = fetched(getting, refresh=True)
    left = got.expires_at - time.time()
    if left < options.min_ttl:
        raise WrongSettings(
            f"new credentials of {getting.profile.name} last {times.span(left)}, less than --min-ttl",
            "ask for less, or raise duration_seconds",
        )
    return getting, got
