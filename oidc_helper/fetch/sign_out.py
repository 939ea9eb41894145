"""Forgetting a sign-in: here, and at Identity Center and the identity provider if they can be reached."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, StoreUnusable, TryAgain
from oidc_helper.fetch import kept_provider_session, kept_tokens
from oidc_helper.machine.lock import Lock
from oidc_helper.settings import Identity, Profile
from oidc_helper.store.kinds import CREDENTIALS, SIGN_IN, TOKENS
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store

log = logging.getLogger("oidc_helper.fetch.sign_out")


class Servers(NamedTuple):
    """The calls that end a session: with Identity Center's tokens, and with the provider's refresh token."""

    end_session: Callable[[Tokens], None]
    revoke: Callable[[str], None]


def forget(shared: Iterable[Profile], store: Store, servers: Servers, *, time_left: Callable[[], float]) -> bool:
    """Remove one sign-in: its tokens, and the credentials of all profiles that share them. Returns whether any existed.

    Sessions are ended first, while their tokens are still known. A server that cannot be reached is only a warning: the
    secrets are removed here all the same. Raises StoreUnusable, after removing all it can, if some cannot be removed,
    or if another process holds the lock and may keep new ones.
    """
    profiles = list(shared)
    first = profiles[0]

    def end_session() -> bool:
        tokens = kept_tokens.load(first, store)
        _end("Identity Center", lambda _: servers.end_session(tokens), tokens.access_token)
        return False

    steps = [end_session]
    steps += [partial(store.delete, CREDENTIALS, profile.name) for profile in profiles]
    steps.append(partial(store.delete, TOKENS, first.tokens_name))
    if first.identity.issuer:
        steps.append(partial(_forget_provider_session, first.identity, store, servers, time_left=time_left))
    notes = (*(profile.name for profile in profiles), kept_provider_session.failure_name(first.identity.name))
    steps.append(partial(_forget_failures, notes, store))
    lock = partial(store.hold, first.tokens_name, timeout_s=time_left() / 2, purpose=f"oidc-helper logout {first.name}")
    return _with(lock, steps)


def _forget_failures(names: Iterable[str], store: Store) -> bool:
    for name in names:
        note_or_warn(partial(store.forget_failure, name))
    return False


def any_of(steps: Iterable[Callable[[], bool]]) -> bool:
    """Take every step; returns whether any of them removed something.

    If steps raise StoreUnusable or TryAgain, the others are taken all the same, and StoreUnusable then reports all that
    went wrong.
    """
    removed, problems = [], []
    for step in steps:
        try:
            removed.append(step())
        except (StoreUnusable, TryAgain) as problem:
            problems.append(problem)
    if problems:
        messages = dict.fromkeys(problem.message for problem in problems)
        raise StoreUnusable("; ".join(messages), problems[0].hint)
    return any(removed)


def _with(hold: Callable[[], Lock], steps: Iterable[Callable[[], bool]]) -> bool:
    """Take the steps under a lock; take them even without it, if another process does not release it."""
    try:
        lock = hold()
    except (StoreUnusable, TryAgain) as problem:
        return any_of([*steps, partial(_fail, problem)])
    with lock:
        return any_of(steps)


def _fail(problem: OidcHelperError) -> bool:
    raise problem


def _forget_provider_session(
    identity: Identity, store: Store, servers: Servers, *, time_left: Callable[[], float]
) -> bool:
    name, purpose = identity.name, f"oidc-helper logout of identity {identity.name}"

    def revoke() -> bool:
        session = kept_provider_session.load(identity, store)
        _end(f"the identity provider of {name}", servers.revoke, session.refresh_token)
        return False

    lock = partial(store.hold, kept_provider_session.lock_name(name), timeout_s=time_left() / 2, purpose=purpose)
    return _with(lock, [revoke, partial(store.delete, SIGN_IN, name)])


def _end(place: str, end: Callable[[str], None], token: str) -> None:
    if not token:
        return
    try:
        end(token)
    except OidcHelperError as error:
        log.warning("the session at %s may go on: %s", place, error.message)
