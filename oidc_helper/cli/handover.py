"""`exec` and `env`: credentials for programs that read variables."""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from oidc_helper.cli.credentials import fetched
from oidc_helper.cli.person import asking_at_get
from oidc_helper.cli.wiring import errand
from oidc_helper.errors import WrongSettings
from oidc_helper.fetch.broker import Fetched
from oidc_helper.handover import program, variables
from oidc_helper.handover.formats import FORMATS
from oidc_helper.machine import renewal
from oidc_helper.person import times
from oidc_helper.settings import Profile
from oidc_helper.store.store import InHand
from oidc_helper.words import printable


def exec_(options: argparse.Namespace, _answer: TextIO) -> int:
    """Become the command, with the credentials of the profile in its environment."""
    before = os.environ.get(variables.PROFILE)
    if before and not options.nested:
        raise WrongSettings(
            f"the credentials of {printable(before)} are in this environment already",
            f"leave that shell, or add --nested: oidc-helper exec --nested {options.profile}",
        )
    in_hand: InHand = {}
    hand_over = _by_endpoint(options, in_hand) if options.endpoint else _given
    profile, got = _got(options, in_hand)
    if got.due and not options.endpoint:  # which renews by itself
        renewal.start(profile.name, is_ours=False)
    environment = variables.replaced(dict(os.environ), hand_over(profile, got))
    words = options.words or _shell(options, environment, got)
    with options.streams.given_back():
        return program.become(words, environment)


def _by_endpoint(options: argparse.Namespace, in_hand: InHand) -> Callable[[Profile, Fetched], dict[str, str]]:
    """What starts an endpoint beside the command; whatever is missing for it is an error before."""
    from oidc_helper.cli import beside, endpoint
    from oidc_helper.settings.writing import without_credentials

    endpoint.require_libraries()
    config = without_credentials.text()

    def given(profile: Profile, got: Fetched) -> dict[str, str]:
        leading = beside.start(profile.name, got, in_hand, config, options.streams.complaint)
        return variables.at_endpoint(leading, profile=profile.name, region=profile.region)

    return given


def _shell(options: argparse.Namespace, environment: Mapping[str, str], got: Fetched) -> Sequence[str]:
    """The command where there is none: the person's shell, which is said once."""
    lasting = "renewed as long as you are signed in" if options.endpoint else times.until(got.expires_at)
    ours = options.streams.complaint
    ours.write(
        f"oidc-helper: a shell with the credentials of {environment[variables.PROFILE]}, {lasting}; exit ends it\n"
    )
    ours.flush()
    return [program.shell(environment)]


def env(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the variables for a shell or a file."""
    given = _given(*_got(options))
    answer.write(FORMATS[options.format](given, variables.conflicting(dict(os.environ), given)))
    return 0


def _given(profile: Profile, got: Fetched) -> dict[str, str]:
    return variables.of_credentials(json.loads(got.answer), profile=profile.name, region=profile.region)


def _got(options: argparse.Namespace, in_hand: InHand | None = None) -> tuple[Profile, Fetched]:
    """The profile, and credentials. Raises WrongSettings where none last as long as is asked for."""
    with asking_at_get() as asking:
        getting = errand(options.profile, asking, in_hand=in_hand)
        got = fetched(getting)
        if got.expires_at - time.time() < options.min_ttl:
            got = fetched(getting, refresh=True)
    profile, left = getting.profile, got.expires_at - time.time()
    if left < options.min_ttl:
        raise WrongSettings(
            f"the credentials of {profile.name} that can be had last {times.span(left)}, less than --min-ttl",
            f"ask for less, or raise duration_seconds; see also: oidc-helper status {profile.name}",
        )
    return profile, got
