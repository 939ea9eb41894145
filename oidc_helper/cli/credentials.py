"""`get` and `token`: what SDKs and scripts run."""

import argparse
import gc
from typing import TextIO

from oidc_helper.cli.person import who_waits_for_a_program
from oidc_helper.cli.wiring import Errand, errand
from oidc_helper.errors import Refused, WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.machine import renewal
from oidc_helper.machine.deadline import DeadlinePassed


def get(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the credentials of a profile."""
    gc.disable()  # what botocore loads stays until the end, in a second: looking through it takes 30 ms of that
    with who_waits_for_a_program() as asking:
        its = errand(options.profile, asking)
        found = _found(its, options)
    if not options.ahead:
        answer.write(found.answer + "\n")
    if found.due:
        answer.flush()
        renewal.start(its.want.name)
    return 0


def _found(its: Errand, options: argparse.Namespace) -> broker.Fetched:
    if its.want.target is None:
        raise WrongSettings(
            f"profile {its.want.name} has nothing to get credentials for",
            "set role_arn, or account_id and permission_set; for its access token: oidc-helper token",
        )

    def fetch() -> broker.Fetched:
        return broker.fetch(its.want, its.settings.stamp, its.means, refresh=options.refresh, ahead=options.ahead)

    try:
        return its.deadline.run(fetch)
    except DeadlinePassed:
        alive = broker.still_alive(its.want, its.settings.stamp, its.means)
        if alive is None:
            raise
        return alive


def token(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the access token or the ID token of a profile's application."""
    its = errand(options.profile)
    tokens = its.deadline.run(lambda: broker.fetch_tokens(its.want, its.means))
    wanted = tokens.id_token if options.id_token else tokens.access_token
    if not wanted:
        raise Refused("Identity Center gave no ID token", "add openid to the profile's scopes, then: oidc-helper login")
    answer.write(wanted + "\n")
    return 0
