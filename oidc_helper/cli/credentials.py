"""`get` and `token`: what SDKs and scripts run."""

import argparse
import gc
from typing import TextIO

from oidc_helper.cli.person import asking_at_get
from oidc_helper.cli.wiring import Errand, errand
from oidc_helper.errors import Refused, WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.machine import renewal
from oidc_helper.machine.deadline import DeadlinePassed
from oidc_helper.settings import Profile


def get(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the credentials of a profile."""
    gc.disable()  # all that botocore loads is kept until the end, a second later; scanning it would take 30 ms
    with asking_at_get() as asking:
        getting = errand(options.profile, asking)
        credentials = fetched(getting, refresh=options.refresh, ahead=options.ahead)
    if not options.ahead:
        answer.write(credentials.answer + "\n")
    if credentials.due:
        renewal.start(getting.profile.name)
    return 0


def fetched(errand: Errand, *, refresh: bool = False, ahead: bool = False) -> broker.Fetched:
    """The credentials of an errand's profile by its deadline, or else cached ones that still live.

    Raises OidcHelperError.
    """
    profile, stamp, means = errand.profile, errand.settings.stamp, errand.means
    require_target(profile)

    def fetch() -> broker.Fetched:
        return broker.fetch(profile, stamp, means, refresh=refresh, ahead=ahead)

    try:
        return errand.deadline.run(fetch)
    except DeadlinePassed:
        alive = broker.still_alive(profile, stamp, means)
        if alive is None:
            raise
        return alive


def require_target(profile: Profile) -> None:
    """Raise WrongSettings if the profile has tokens only."""
    if profile.target is None:
        raise WrongSettings(
            f"profile {profile.name} has nothing to get credentials for",
            "set role_arn, or account_id and permission_set; for its access token: oidc-helper token",
        )


def token(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the access token or the ID token of a profile's application."""
    getting = errand(options.profile)
    tokens = getting.deadline.run(lambda: broker.fetch_tokens(getting.profile, getting.means))
    chosen = tokens.id_token if options.id_token else tokens.access_token
    if not chosen:
        raise Refused("Identity Center gave no ID token", "add openid to the profile's scopes, then: oidc-helper login")
    answer.write(chosen + "\n")
    return 0
