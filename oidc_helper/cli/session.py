"""`login` and `logout`: the beginning and the end of a sign-in."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import TextIO

from oidc_helper import settings
from oidc_helper.aws import account_access
from oidc_helper.aws.tokens import Tokens
from oidc_helper.cli import habits
from oidc_helper.cli.person import asking_at_login
from oidc_helper.cli.streams import write_lines
from oidc_helper.cli.wiring import Errand, choices, errand, only_choice, store_for
from oidc_helper.errors import Refused, SignInNeeded, StoreUnusable, WrongSettings
from oidc_helper.fetch import broker, kept_provider_session, sign_out
from oidc_helper.fetch.proofs import Asking
from oidc_helper.machine.deadline import Deadline
from oidc_helper.person import times
from oidc_helper.person.terminal import has_terminal
from oidc_helper.settings import Profile, Settings
from oidc_helper.store.in_kernel import REMEDY
from oidc_helper.store.kinds import CREDENTIALS, SIGN_IN, TOKENS
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store
from oidc_helper.words import printable


def login(options: argparse.Namespace, answer: TextIO) -> int:
    """Sign in if nobody is, and fetch all that `get` needs; a source that needs no person is read again each time."""
    from oidc_helper.person import browser

    prompts = not browser.obstacle()
    with asking_at_login(way=options.way, force=options.force) as asking:
        signing_in = errand(None, asking, prompts=prompts, choose=partial(_chosen, asking, options.profile))
        if options.way and not signing_in.takes_a_person:
            raise WrongSettings(
                f"identity {signing_in.profile.identity.name} needs nobody to sign in", f"leave --{options.way} out"
            )
        terminal, was_kept = asking.person().terminal, _something_kept(signing_in)
        with _hinting_as_typed(options, signing_in.profile), terminal.watching(lambda: _activity(signing_in)):
            try:
                report = _signed_in(signing_in, anew=options.force or not signing_in.takes_a_person)
            except (SignInNeeded, Refused) as failure:
                if asking.anew or terminal.was_used or not (signing_in.takes_a_person and was_kept):
                    raise
                # Nobody was asked, so the stored sign-in was refused: it must not stand in the person's way.
                terminal.show(f"oidc-helper: the last sign-in no longer works: {failure.message}")
                signing_in = errand(signing_in.profile.name or None, asking._replace(anew=True), prompts=prompts)
                report = _signed_in(signing_in, anew=True)
    _require_something_kept(signing_in, report)
    write_lines(answer, *report)
    return 0


def _chosen(asking: Asking, name: str | None, loaded: Settings) -> Profile:
    """The profile of that name, or the first of the identity of that name; without a name, the person's choice.

    Raises WrongSettings, SignInNeeded.
    """
    from oidc_helper.person.choice import choose

    if name:
        is_profile = name in loaded.profiles or ("profile", name) in loaded.broken
        return next(iter([] if is_profile else loaded.profiles_of(name)), None) or loaded.profile(name)
    candidates = choices(loaded)
    if len(candidates) < 2 or not has_terminal():
        return only_choice(loaded)
    described = {
        profile.name: f"identity {profile.identity.name} ({profile.identity.source})" for profile in candidates
    }
    question = "oidc-helper: which of these do you want to sign in to?"
    return loaded.profile(choose(asking.person().terminal, question, described, timeout_s=asking.patience_s))


@contextmanager
def _hinting_as_typed(options: argparse.Namespace, profile: Profile) -> Iterator[None]:
    """Let a hint to sign in repeat the options of this command."""
    typed = [f"--{options.way}"] * bool(options.way) + ["--force"] * options.force
    try:
        yield
    except SignInNeeded as failure:
        if failure.hint == profile.login:
            failure.hint = " ".join(["oidc-helper login", *typed, profile.name]).rstrip()
        raise


def _activity(errand: Errand) -> str:
    """What the command is doing, for a person who watches."""
    store, profile = errand.means.store, errand.profile
    names = (broker.asking_lock(profile), profile.tokens_name, kept_provider_session.lock_name(profile.identity.name))
    holder = next(filter(None, map(store.holder, names)), "")
    return f"waiting for {holder}" if holder else "signing in"


def _signed_in(errand: Errand, *, anew: bool) -> list[str]:
    """Sign in and fetch credentials; the lines that say until when both last."""
    profile = errand.profile
    if profile.target == "account access":
        account_access.require_model()  # before we ask a person
    tokens, is_new = errand.deadline.run(lambda: broker.sign_in(profile, errand.means, anew=anew))
    user = printable(tokens.user or profile.identity.name)
    report = f"{'' if is_new else 'already '}signed in as {user}, {times.until(tokens.access_expires_at)}"
    return [report, _warmed(errand, refresh=is_new)] if profile.target else [report]


def _warmed(errand: Errand, *, refresh: bool) -> str:
    profile, store, stamp = errand.profile, errand.means.store, errand.settings.stamp
    fetched = errand.deadline.run(lambda: broker.fetch(profile, stamp, errand.means, refresh=refresh))
    place = store.lies_in(CREDENTIALS, profile.name)
    where = f"in the {place}" if place else "kept nowhere"
    return f"credentials of {profile.name}, {times.until(fetched.expires_at)}, {where}"


def _require_something_kept(errand: Errand, report: Sequence[str]) -> None:
    """Raise StoreUnusable if the next command would find nothing of this sign-in."""
    if not _something_kept(errand):
        reason = errand.means.store.why_unkept(TOKENS, errand.profile.tokens_name)
        raise StoreUnusable(f"{report[0].partition(', until')[0]}, but nothing of it is kept: {reason}", REMEDY)


def _something_kept(errand: Errand) -> bool:
    """Whether anything of a sign-in is stored for the profile, or for the one whose token it exchanges."""
    store, profile = errand.means.store, errand.profile
    while True:
        if store.lies_in(TOKENS, profile.tokens_name) or store.lies_in(SIGN_IN, profile.identity.name):
            return True
        if not profile.identity.profile:
            return False
        profile = errand.settings.profile(profile.identity.profile)


def logout(options: argparse.Namespace, answer: TextIO) -> int:
    """Forget one sign-in, or all of them and everything else that is stored for this configuration."""
    if bool(options.profile) == options.all:
        hint = "leave --all out" if options.all else habits.no_profile("oidc-helper logout").hint
        raise WrongSettings("name one profile, or --all", hint)
    if not options.all:
        loaded = settings.load()
        chosen = loaded.profile(options.profile)
        shared = [profile for profile in loaded.profiles.values() if profile.tokens_name == chosen.tokens_name]
        _forget(shared, store_for([chosen]), answer)
        return 0
    profiles: list[Profile] = []
    try:
        loaded = settings.load()
        profiles = sorted(loaded.profiles.values(), key=lambda profile: profile.tokens_name)
        loaded.require_sound()
    except WrongSettings as error:  # secrets must go even if the file that named them is gone or broken
        rest = "of the others, " if profiles else ""
        write_lines(answer, f"{rest}only what is stored here can be deleted: {error.message}")
    store = store_for(profiles)
    note_or_warn(store.forget_all_failures)

    def forget_rest() -> bool:
        return sign_out.any_of(partial(_forget_record, kind, name, store, answer) for kind, name in store.names())

    shares = [list(shared_by) for _, shared_by in groupby(profiles, key=lambda profile: profile.tokens_name)]
    sign_out.any_of([*(partial(_forget, shared, store, answer) for shared in shares), forget_rest])
    store.tidy()
    return 0


def _forget_record(kind: str, name: str, store: Store, answer: TextIO) -> bool:
    deleted = store.delete(kind, name)
    if deleted:
        write_lines(answer, f"forgot the {kind} of {name}")
    return deleted


def _forget(shared: list[Profile], store: Store, answer: TextIO) -> bool:
    first = shared[0]
    deadline = Deadline(first.deadline_seconds)

    def end_session(tokens: Tokens) -> None:
        from oidc_helper.aws.client import Aws

        Aws(first, time_left=deadline.left).end_session(tokens)

    def revoke(refresh_token: str) -> None:
        from oidc_helper.identity import client_secret
        from oidc_helper.sign_in import provider

        secret = client_secret.resolve(first.identity, timeout_s=deadline.left())
        provider.revoke(
            first.identity,
            refresh_token,
            timeout_s=deadline.left(),
            client_secret=secret,
            ca_bundle=first.ca_bundle,
        )

    names = ", ".join(profile.name for profile in shared)
    servers = sign_out.Servers(end_session, revoke)
    was_kept = deadline.run(lambda: sign_out.forget(shared, store, servers, time_left=deadline.left))
    write_lines(answer, f"signed out of {names}" if was_kept else f"nothing was kept of {names}")
    return was_kept
