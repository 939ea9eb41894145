"""`get` and `token`: what SDKs and scripts run."""

import argparse
from typing import TextIO

from oidc_helper import broker, chain, renewal, settings
from oidc_helper.cli.wiring import means_for
from oidc_helper.deadline import Deadline, DeadlinePassed
from oidc_helper.errors import Refused, WrongSettings


def get(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the credentials of a profile."""
    loaded = settings.load()
    want = loaded.profile(options.profile)
    chain.refuse_reentry(want.name)
    if want.target is None:
        raise WrongSettings(
            f"profile {want.name} has nothing to get credentials for",
            "set role_arn, or account_id and permission_set; for its access token: oidc-helper token",
        )
    deadline = Deadline(want.deadline_seconds)
    means = means_for(want, deadline)

    def fetch() -> broker.Fetched:
        return broker.fetch(want, loaded.stamp, means, refresh=options.refresh, ahead=options.ahead)

    try:
        found = deadline.run(fetch)
    except DeadlinePassed:
        alive = broker.still_alive(want, loaded.stamp, means)
        if alive is None:
            raise
        found = alive
    if not options.ahead:
        answer.write(found.answer + "\n")
    if found.due:
        answer.flush()
        renewal.start(want.name)
    return 0


def token(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the access token or the ID token of a profile's application."""
    loaded = settings.load()
    want = loaded.profile(options.profile)
    chain.refuse_reentry(want.name)
    deadline = Deadline(want.deadline_seconds)
    means = means_for(want, deadline)
    tokens = deadline.run(lambda: broker.fetch_tokens(want, means))
    wanted = tokens.id_token if options.id_token else tokens.access_token
    if not wanted:
        raise Refused("Identity Center gave no ID token", "add openid to the profile's scopes, then: oidc-helper login")
    answer.write(wanted + "\n")
    return 0
