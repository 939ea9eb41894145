"""One fetch, in order: the cache, the lock, and what `work` does under it; nothing is known of how.

1. Fresh credentials in the cache are the answer, without a lock.
2. The lock of this identity and application is taken; then the cache is looked into again, since another process may
   have done the work.
3. to 5. are in `work`.
6. Where no proof can be had without a person, SignInNeeded names the command to run.

When 3 to 5 fail for a passing reason while cached credentials still live, those are the answer.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from oidc_helper import record
from oidc_helper.aws import credentials
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, SignInNeeded, StoreUnusable, TryAgain, kind_of
from oidc_helper.fetch import kept_tokens, work
from oidc_helper.fetch.means import Means
from oidc_helper.record import Record
from oidc_helper.settings import Profile
from oidc_helper.store.saving import note_or_warn, save_or_warn
from oidc_helper.store.store import CREDENTIALS

log = logging.getLogger("oidc_helper.fetch.broker")

_T = TypeVar("_T")

_RETRY_AFTER_S = 15  # botocore calls before every request while less than 15 min are left: a failing refresh may wait


@dataclass(frozen=True)
class Fetched:
    """The JSON to print, good until `expires_at` (epoch seconds); `due`: renew it before somebody has to wait."""

    answer: str = field(repr=False)
    expires_at: int
    due: bool = False


def fetch(profile: Profile, stamp: str, means: Means, *, refresh: bool = False, ahead: bool = False) -> Fetched:
    """Get the credential_process JSON of a profile; `stamp` is that of the settings it was resolved from.

    `refresh` ignores the cache; `ahead` renews what will soon be due, though it could still be served. Raises
    OidcHelperError.
    """
    began = means.now()
    cached = None if refresh else _cached(profile, means)
    if fetched := _fresh(cached, stamp, means, ahead=ahead):
        log.debug("served from the cache")
        return fetched
    fallback = _usable(cached, stamp, means)
    if fallback and not ahead and _failed_just_now(profile, means):
        return fallback

    def look_again() -> Fetched | None:
        cached = None if refresh else _cached(profile, means)
        fetched = _fresh(cached, stamp, means, ahead=ahead)
        if fetched is None:
            _fail_like_the_holder(profile, means, since=began)
        return fetched

    def fetch_anew() -> Fetched:
        progress = work.begin(profile, means, may_ask=not ahead and not fallback)
        made = work.credentials(progress)
        return _cache(made, profile, stamp, means, person=kept_tokens.person(progress.tokens.subject))

    try:
        return _by_one_process(profile, means, look_again, fetch_anew)
    except OidcHelperError as error:
        if fallback and isinstance(error, TryAgain | SignInNeeded | StoreUnusable):
            log.debug("serving the cached credentials: %s", error.message)
            return fallback
        raise


def fetch_tokens(profile: Profile, means: Means, *, may_ask: bool = False) -> Tokens:
    """Get tokens whose access token lives and covers the profile's scopes. Raises OidcHelperError."""

    def look() -> Tokens | None:
        tokens = kept_tokens.load(profile, means.store)
        return tokens if work.serves(tokens, profile, means.now()) else None

    return look() or _by_one_process(
        profile, means, look, lambda: work.usable(work.begin(profile, means, may_ask=may_ask))
    )


def sign_in(profile: Profile, means: Means, *, anew: bool) -> tuple[Tokens, bool]:
    """Get tokens, from a person where it takes one, and whether it took a new proof.

    `anew`: a new proof is wanted though tokens are at hand; a source that has no other than theirs is no failure.
    """
    lock = means.store.hold(profile.tokens_name, timeout_s=means.time_left(), purpose=_purpose(profile))
    with lock, _remembered_failure(profile, means):
        progress = work.begin(profile, means, may_ask=True)
        if anew:
            return work.signed_in(progress)
        return work.usable(progress), progress.proof is not None


def still_alive(profile: Profile, stamp: str, means: Means) -> Fetched | None:
    """Find cached credentials that are due for renewal but not over; for when renewing them does not work now."""
    return _usable(_cached(profile, means), stamp, means)


def _cached(profile: Profile, means: Means) -> Record | None:
    text = means.store.get(CREDENTIALS, profile.name)
    return record.parse(text.encode()) if text else None


def _fresh(cached: Record | None, stamp: str, means: Means, *, ahead: bool) -> Fetched | None:
    now = means.now()
    if cached is None or not cached.fresh(now=now, stamp=stamp):
        return None
    due = now >= cached.renew_from
    return None if due and ahead else Fetched(cached.body.decode(), cached.expires_at, due)


def _usable(cached: Record | None, stamp: str, means: Means) -> Fetched | None:
    if cached is None or cached.stamp != stamp or not credentials.usable(cached.expires_at, means.now()):
        return None
    return Fetched(cached.body.decode(), cached.expires_at)


def _by_one_process(profile: Profile, means: Means, look: Callable[[], _T | None], do: Callable[[], _T]) -> _T:
    """Step 2: do the work in one process, and find with `look` in all others what it made.

    They look after each wait, without the lock, so that a hundred do not queue for it; the one with the lock looks once
    more before it works.
    """
    while True:
        timeout_s = means.time_left()
        lock = means.store.acquire(profile.tokens_name, timeout_s=timeout_s, purpose=_purpose(profile))
        with lock or nullcontext():
            if (made := look()) is not None:
                return made
            if lock:
                with _remembered_failure(profile, means):
                    return do()


def _purpose(profile: Profile) -> str:
    return f"oidc-helper for profile {profile.name}"


def _cache(made: Credentials, profile: Profile, stamp: str, means: Means, *, person: str) -> Fetched:
    """Put new credentials into the cache; where it cannot keep them that is a warning, since the answer comes first."""
    now, answer = means.now(), credentials.process_json(made)
    if not made.alive(now) or made.expires_at is None:
        raise OidcHelperError("the new credentials have already expired", "set this machine's clock")
    serve_until = credentials.serve_until(made.expires_at, now)
    text = record.compose(
        answer,
        serve_until=serve_until,
        stamp=stamp,
        renew_from=credentials.renew_from(made.expires_at, now) if profile.renew == "ahead" else serve_until,
        expires_at=made.expires_at,
    )
    details = {"identity": profile.identity.name, "person": person}
    put = partial(means.store.put, CREDENTIALS, profile.name, text, expires_at=made.expires_at, details=details)
    save_or_warn(put)
    note_or_warn(lambda: means.store.forget_failure(profile.name))
    return Fetched(answer, made.expires_at)


def _failed_just_now(profile: Profile, means: Means) -> bool:
    failure = means.store.failure(profile.name)
    return failure is not None and 0 <= means.now() - failure.at < _RETRY_AFTER_S


def _fail_like_the_holder(profile: Profile, means: Means, *, since: float) -> None:
    """Raise the error that the process we waited for met: retrying in turn would time everyone out."""
    failure = means.store.failure(profile.name)
    if failure and failure.at >= since:
        raise kind_of(failure.exit_code)(failure.message, failure.hint)


@contextmanager
def _remembered_failure(profile: Profile, means: Means) -> Iterator[None]:
    """Note a failure before the lock is given back: waiting processes look for it first."""
    try:
        yield
    except OidcHelperError as failure:
        error = failure
        if isinstance(error, SignInNeeded) and not error.hint:
            error.hint = f"oidc-helper login {profile.name}"  # step 6
        note_or_warn(lambda: means.store.remember_failure(profile.name, error))
        raise
