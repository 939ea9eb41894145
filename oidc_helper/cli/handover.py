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
from oidc_helper.store.store import UnkeptRecords
from oidc_helper.words import printable


def exec_(options: argparse.Namespace, _answer: TextIO) -> int:
    """Become the command, with the credentials of the profile in its environment."""
    before = os.environ.get(variables.PROFILE)
    if before and not options.nested:
        raise WrongSettings(
            f"the credentials of {printable(before)} are in this environment already",
            f"leave that shell, or add --nested: oidc-helper exec --nested {options.profile}",
        )
    unkept: UnkeptRecords = {}
    hand_over = _by_endpoint(options, unkept) if options.endpoint else _as_variables
    profile, credentials = _credentials(options, unkept)
    if credentials.due and not options.endpoint:  # the endpoint renews them itself
        renewal.start(profile.name, as_child=False)
    environment = variables.replaced(dict(os.environ), hand_over(profile, credentials))
    words = options.words or _shell(options, environment, credentials)
    with options.streams.given_back():
        return program.become(words, environment)


def _by_endpoint(options: argparse.Namespace, unkept: UnkeptRecords) -> Callable[[Profile, Fetched], dict[str, str]]:
    """A function that starts an endpoint beside the command. Raises OidcHelperError if it would lack anything."""
    from oidc_helper.cli import beside, endpoint
    from oidc_helper.settings.writing import without_credentials

    endpoint.require_libraries()
    config = without_credentials.text()

    def hand_over(profile: Profile, credentials: Fetched) -> dict[str, str]:
        leading = beside.start(profile.name, credentials, unkept, config, options.streams.complaint)
        return variables.at_endpoint(leading, profile=profile.name, region=profile.region)

    return hand_over


def _shell(options: argparse.Namespace, environment: Mapping[str, str], credentials: Fetched) -> Sequence[str]:
    """The command if none was typed: the person's shell, with a line that says so."""
    lasting = "renewed as long as you are signed in" if options.endpoint else times.until(credentials.expires_at)
    complaint = options.streams.complaint
    complaint.write(
        f"oidc-helper: a shell with the credentials of {environment[variables.PROFILE]}, {lasting}; exit ends it\n"
    )
    complaint.flush()
    return [program.shell(environment)]


def env(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the variables for a shell or a file."""
    to_set = _as_variables(*_credentials(options))
    answer.write(FORMATS[options.format](to_set, variables.conflicting(dict(os.environ), to_set)))
    return 0


def _as_variables(profile: Profile, credentials: Fetched) -> dict[str, str]:
    return variables.of_credentials(json.loads(credentials.answer), profile=profile.name, region=profile.region)


def _credentials(options: argparse.Namespace, unkept: UnkeptRecords | None = None) -> tuple[Profile, Fetched]:
    """The profile and its credentials. Raises WrongSettings if they cannot last for --min-ttl."""
    with asking_at_get() as asking:
        getting = errand(options.profile, asking, unkept=unkept)
        credentials = fetched(getting)
        if credentials.expires_at - time.time() < options.min_ttl:
            credentials = fetched(getting, refresh=True)
    profile, left = getting.profile, credentials.expires_at - time.time()
    if left < options.min_ttl:
        raise WrongSettings(
            f"the credentials of {profile.name} last only {times.span(left)}, less than --min-ttl",
            f"ask for less, or raise duration_seconds; see also: oidc-helper status {profile.name}",
        )
    return profile, credentials
