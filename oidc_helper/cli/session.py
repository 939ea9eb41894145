"""`login` and `logout`: the beginning and the end of a sign-in."""

import argparse
from functools import partial
from itertools import groupby
from typing import TextIO

from oidc_helper import settings
from oidc_helper.aws import credentials
from oidc_helper.cli import wording
from oidc_helper.cli.person import who_signs_in
from oidc_helper.cli.wiring import Errand, errand, store_for
from oidc_helper.errors import WrongSettings
from oidc_helper.fetch import broker, kept_sign_in, sign_out
from oidc_helper.machine.deadline import Deadline
from oidc_helper.settings import Profile
from oidc_helper.store.store import CREDENTIALS, Store
from oidc_helper.words import printable


def login(options: argparse.Namespace, answer: TextIO) -> int:
    """Sign in where nobody is, and fetch everything `get` needs; a source that needs nobody is read anew each time."""
    from oidc_helper.person import browser

    with who_signs_in(way=options.way, anew=options.force) as asking:
        its = errand(options.profile, asking, prompts=not browser.obstacle())
        if options.way and not its.takes_a_person:
            raise WrongSettings(
                f"identity {its.want.identity.name} needs nobody to sign in", f"leave --{options.way} out"
            )
        with asking.person().terminal.watching(lambda: _waited_for(its)):
            told = _signed_in(its, anew=options.force or not its.takes_a_person)
    answer.write(told)
    return 0


def _waited_for(its: Errand) -> str:
    store, want = its.means.store, its.want
    names = (want.tokens_name, kept_sign_in.lock_name(want.identity.name))
    return f"waiting for {next(filter(None, map(store.holder, names)), 'Identity Center')}"


def _signed_in(its: Errand, *, anew: bool) -> str:
    """Do it, and tell what there is now."""
    held, is_new = its.deadline.run(lambda: broker.sign_in(its.want, its.means, anew=anew))
    who = printable(held.user or its.want.identity.name)
    told = f"{'' if is_new else 'already '}signed in as {who}, {wording.until(held.access_expires_at)}\n"
    return told + _warmed(its, refresh=is_new) if its.want.target else told


def _warmed(its: Errand, *, refresh: bool) -> str:
    want, store = its.want, its.means.store
    fetched = its.deadline.run(lambda: broker.fetch(want, its.settings.stamp, its.means, refresh=refresh))
    made = credentials.from_process_json(fetched.answer)
    until = wording.until(made.expires_at if made else None)
    return f"credentials of {want.name}, {until}, in the {store.where(CREDENTIALS)}\n"


def logout(options: argparse.Namespace, answer: TextIO) -> int:
    """Forget one sign-in, or all of them and whatever else was kept for this configuration."""
    if bool(options.profile) == options.all:
        raise WrongSettings("name one profile, or --all", "oidc-helper logout --all")
    if not options.all:
        loaded = settings.load()
        want = loaded.profile(options.profile)
        shared = [one for one in loaded.profiles.values() if one.tokens_name == want.tokens_name]
        _forget(shared, store_for([want]), answer)
        return 0
    try:
        profiles = sorted(settings.load().profiles.values(), key=lambda one: one.tokens_name)
    except WrongSettings as error:  # secrets must go though the file that named them is gone or broken
        answer.write(f"only what is kept here can be forgotten: {error.message}\n")
        profiles = []
    store = store_for(profiles)

    def forget_rest() -> bool:
        return sign_out.any_of(partial(_forget_record, kind, name, store, answer) for kind, name in store.names())

    shares = [list(shared_by) for _, shared_by in groupby(profiles, key=lambda one: one.tokens_name)]
    sign_out.any_of([*(partial(_forget, shared, store, answer) for shared in shares), forget_rest])
    store.tidy()
    return 0


def _forget_record(kind: str, name: str, store: Store, answer: TextIO) -> bool:
    deleted = store.delete(kind, name)
    if deleted:
        answer.write(f"forgot the {kind} of {name}\n")
    return deleted


def _forget(shared: list[Profile], store: Store, answer: TextIO) -> bool:
    first = shared[0]
    deadline = Deadline(first.deadline_seconds)

    def end_session(access_token: str) -> None:
        from oidc_helper.aws.client import Aws

        Aws(first, time_left=deadline.left).end_session(access_token)

    def revoke(refresh_token: str) -> None:
        from oidc_helper.identity import client_secret
        from oidc_helper.sign_in import provider

        who = first.identity
        secret = client_secret.resolve(who, timeout_s=deadline.left())
        provider.revoke(who, refresh_token, timeout_s=deadline.left(), client_secret=secret, ca_bundle=first.ca_bundle)

    names = ", ".join(profile.name for profile in shared)
    servers = sign_out.Servers(end_session, revoke)
    found = deadline.run(lambda: sign_out.forget(shared, store, servers, time_left=deadline.left))
    answer.write(f"signed out of {names}\n" if found else f"nothing was kept of {names}\n")
    return found
