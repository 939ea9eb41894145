"""`exec` and `env`: credentials for programs that read variables."""

import argparse
import os
import time
from typing import TextIO

from oidc_helper.cli.credentials import fetched
from oidc_helper.cli.person import asking_at_get
from oidc_helper.cli.wiring import errand
from oidc_helper.errors import WrongSettings
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
    given, expires_at = _given(options)
    environment = variables.replaced(os.environ, given)
    words = options.words
    if not words:
        words = [program.shell(environment)]
        ours = options.streams.complaint
        whose = f"a shell with the credentials of {given[variables.PROFILE]}, {times.until(expires_at)}"
        ours.write(f"oidc-helper: {whose}; exit ends it\n")
        ours.flush()
    with options.streams.given_back():
        return program.become(words, environment)


def env(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the variables for a shell or a file."""
    given, _ = _given(options)
    answer.write(FORMATS[options.format](given, variables.conflicting(os.environ, given)))
    return 0


def _given(options: argparse.Namespace) -> tuple[dict[str, str], int]:
    """The variables, and when the credentials end. Raises WrongSettings where none last as long as is asked for."""
    with asking_at_get() as asking:
        getting = errand(options.profile, asking)
        got = fetched(getting)
        if got.expires_at - time.time() < options.min_ttl:
            got = fetched(getting, refresh=True)
    profile, left = getting.profile, got.expires_at - time.time()
    if left < options.min_ttl:
        raise WrongSettings(
            f"the credentials of {profile.name} that can be had last {times.span(left)}, less than --min-ttl",
            f"ask for less, or raise duration_seconds; see also: oidc-helper status {profile.name}",
        )
    return variables.given(got.answer, profile=profile.name, region=profile.region), got.expires_at
