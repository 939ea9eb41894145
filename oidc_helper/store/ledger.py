"""Notes beside the records: spent assertions and the last failure of each profile."""

import math
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from hashlib import sha256

from oidc_helper import kernel, names, paths
from oidc_helper.errors import OidcHelperError, StoreUnusable
from oidc_helper.store import index
from oidc_helper.store.index import Failure, Index, without

# Variables that lead to another keyring, or to none: cron has no session bus.
_REACH = ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", kernel.VARIABLE)


class Ledger:
    """The notes, which lie in the index; a method that writes raises StoreUnusable. `now` returns epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def mark_spent(self, issuer: str, jti: str, *, until: int) -> bool:
        """Note that an assertion is spent, until that epoch second; False if another process had noted it before.

        If the note cannot be written in the state directory, a kernel key without a secret serves as one: a process
        with another runtime directory finds that. Raises StoreUnusable if it cannot be noted anywhere.
        """
        mark = index.assertion_mark(issuer, jti)
        is_new = not kernel.exists(_spent_key(mark))
        trouble: StoreUnusable | None = None

        def change(before: Index) -> Index:
            nonlocal is_new
            alive = {key: end for key, end in before.spent.items() if end > self._now()}
            is_new = is_new and mark not in alive
            return replace(before, spent={mark: until, **alive})

        try:
            index.update(change)
        except StoreUnusable as problem:
            trouble = problem
        if mark not in index.read_in_state_directory().spent:
            try:
                kernel.write(_spent_key(mark), b"spent", max(1, math.ceil(until - self._now())))
            except OSError:
                if trouble:
                    raise trouble from None
        return is_new

    def unmark_spent(self, issuer: str, jti: str) -> None:
        """Take the note back, for an assertion that was certainly not redeemed."""
        mark = index.assertion_mark(issuer, jti)
        if kernel.exists(_spent_key(mark)):
            kernel.delete(_spent_key(mark))
        if mark in index.read().spent:
            index.update(lambda before: replace(before, spent=without(before.spent, mark)))

    def remember_failure(
        self, profile: str, error: OidcHelperError, *, conditions: str = "", identity: str = ""
    ) -> None:
        """Note how a profile failed; a store that this session cannot use is no failure for another session.

        `conditions` and `identity` as in Failure.
        """
        reach = _reach() if isinstance(error, StoreUnusable) else ""
        failure = Failure(self._now(), error.message, error.hint, error.exit_code, conditions, reach, identity)
        index.update(lambda before: replace(before, failures={**before.failures, _failure_key(profile): failure}))

    def forget_failure(self, profile: str) -> None:
        """Drop that note; takes no lock if there is none."""
        key = _failure_key(profile)
        if key in index.read().failures:
            index.update(lambda before: replace(before, failures=without(before.failures, key)))

    def forget_failures(self, identities: Collection[str], exit_codes: Collection[int]) -> None:
        """Drop the notes of profiles of these identities that failed in these ways; takes no lock if there are none."""

        def matches(key: str, failure: Failure) -> bool:
            is_ours = names.kind_and_name(key) is not None
            return is_ours and failure.identity in identities and failure.exit_code in exit_codes

        def change(before: Index) -> Index:
            others = {key: failure for key, failure in before.failures.items() if not matches(key, failure)}
            return replace(before, failures=others)

        if any(matches(key, failure) for key, failure in index.read().failures.items()):
            index.update(change)

    def forget_all_failures(self) -> None:
        """Drop the notes of all profiles of this configuration, and of profiles that it no longer has."""

        def change(before: Index) -> Index:
            others = {key: failure for key, failure in before.failures.items() if names.kind_and_name(key) is None}
            return replace(before, failures=others)

        if index.read().failures:
            index.update(change)

    def failure(self, profile: str) -> Failure | None:
        """The last failure of a profile, however old; ignores one from the future, or of another session's store."""
        failure = index.read().failures.get(_failure_key(profile))
        return failure if failure and failure.at <= self._now() and failure.reach in ("", _reach()) else None


def _failure_key(profile: str) -> str:
    return names.entry_name("failure", profile)


def _spent_key(mark: str) -> str:
    return f"{paths.APPLICATION}:spent:{mark}"


def _reach() -> str:
    """A digest of the variables that decide which keyrings a session has."""
    return sha256(repr([os.environ.get(name) for name in _REACH]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
