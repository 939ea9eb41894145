"""Notes beside the records: which assertions are spent, how each profile failed last, which notices were given."""

from collections.abc import Callable
from dataclasses import replace

from oidc_helper import names
from oidc_helper.errors import OidcHelperError
from oidc_helper.store import index
from oidc_helper.store.index import Failure, Index, without


class Ledger:
    """The notes, which lie in the index; a method that writes raises StoreUnusable. `now` tells epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def mark_spent(self, issuer: str, jti: str, *, until: int) -> bool:
        """Note that an assertion is spent, until that epoch second; False where another had noted it before."""
        mark = index.assertion_mark(issuer, jti)
        is_new = False

        def change(before: Index) -> Index:
            nonlocal is_new
            alive = {key: end for key, end in before.spent.items() if end > self._now()}
            is_new = mark not in alive
            return replace(before, spent={mark: until, **alive})

        index.update(change)
        return is_new

    def unmark_spent(self, issuer: str, jti: str) -> None:
        """Take the note back, for an assertion that was certainly not redeemed."""
        mark = index.assertion_mark(issuer, jti)
        index.update(lambda before: replace(before, spent=without(before.spent, mark)))

    def remember_failure(self, profile: str, error: OidcHelperError, *, conditions: str = "") -> None:
        """Note how a profile failed; `conditions` as in Failure."""
        failure = Failure(self._now(), error.message, error.hint, error.exit_code, conditions)
        index.update(lambda before: replace(before, failures={**before.failures, _failure_key(profile): failure}))

    def forget_failure(self, profile: str) -> None:
        """Drop that note; where there is none, no lock is taken."""
        key = _failure_key(profile)
        if key in index.read().failures:
            index.update(lambda before: replace(before, failures=without(before.failures, key)))

    def forget_all_failures(self) -> None:
        """Drop the notes of all profiles of this configuration, also of those that it no longer has."""

        def change(before: Index) -> Index:
            others = {key: noted for key, noted in before.failures.items() if names.kind_and_name(key) is None}
            return replace(before, failures=others)

        if index.read().failures:
            index.update(change)

    def failure(self, profile: str) -> Failure | None:
        """The last failure of a profile, however long ago; one that lies in the future is none."""
        failure = index.read().failures.get(_failure_key(profile))
        return failure if failure and failure.at <= self._now() else None

    def first_time(self, notice: str) -> bool:
        """Whether a notice was never given on this machine; from now on it counts as given."""
        if notice in index.read().notices:
            return False
        index.update(lambda before: replace(before, notices={notice: int(self._now()), **before.notices}))
        return True


def _failure_key(profile: str) -> str:
    return names.entry_name("failure", profile)
