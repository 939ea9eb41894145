"""`login` and `logout`: the beginning and the end of a sign-in."""

import argparse
from itertools import groupby
from typing import TextIO

from oidc_helper import broker, credentials, settings, sign_out
from oidc_helper.cli import wording
from oidc_helper.cli.wiring import errand
from oidc_helper.deadline import Deadline
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Profile
from oidc_helper.store import CREDENTIALS, Store
from oidc_helper.terminal import printable


def login(options: argparse.Namespace, answer: TextIO) -> int:
    """Fetch everything `get` needs, with new credentials at the end."""
    its = errand(options.profile)
    want = its.want
    held, is_new = its.deadline.run(lambda: broker.sign_in(want, its.means))
    who = printable(held.user or want.identity.name)
    answer.write(f"{'' if is_new else 'still '}signed in as {who}, {wording.until(held.access_expires_at)}\n")
    if want.target:
        made = its.deadline.run(lambda: broker.fetch(want, its.stamp, its.means, refresh=True)).answer
        expires_at = getattr(credentials.from_process_json(made), "expires_at", None)
        answer.write(
            f"credentials of {want.name}, {wording.until(expires_at)}, in the {its.means.store.where(CREDENTIALS)}\n"
        )
    return 0


def logout(options: argparse.Namespace, answer: TextIO) -> int:
    """Forget one sign-in, or all of them and whatever else was kept for this configuration."""
    if bool(options.profile) == options.all:
        raise WrongSettings("name one profile, or --all", "oidc-helper logout --all")
    store = Store()
    if not options.all:
        loaded = settings.load()
        want = loaded.profile(options.profile)
        shared = [one for one in loaded.profiles.values() if one.tokens_name == want.tokens_name]
        _forget(shared, store, answer)
        return 0
    try:
        profiles = sorted(settings.load().profiles.values(), key=lambda one: one.tokens_name)
    except WrongSettings as error:  # secrets must go though the file that named them is gone or broken
        answer.write(f"only what is kept here can be forgotten: {error.message}\n")
        profiles = []
    for _, shared_by in groupby(profiles, key=lambda one: one.tokens_name):
        _forget(list(shared_by), store, answer)
    for entry in store.entries():
        store.delete(entry.kind, entry.name)
        answer.write(f"forgot the {entry.kind} of {entry.name}\n")
    return 0


def _forget(shared: list[Profile], store: Store, answer: TextIO) -> None:
    first = shared[0]
    deadline = Deadline(first.deadline_seconds)

    def end_session(access_token: str) -> None:
        from oidc_helper.aws import Aws

        Aws(first, time_left=deadline.left).end_session(access_token)

    names = ", ".join(profile.name for profile in shared)
    found = deadline.run(lambda: sign_out.forget(shared, store, end_session, timeout_s=deadline.left()))
    answer.write(f"signed out of {names}\n" if found else f"nothing was kept of {names}\n")
