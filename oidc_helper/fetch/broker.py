"""One fetch, in order: the cache, the lock, and the steps of `work` under it; it does not know how they work.

1. Fresh credentials in the cache are the answer, without a lock.
2. Take the lock of this identity and application, then check the cache again: another process may have done the work.
3. to 5. are in `work`.
6. If a proof needs a person, ask one, without that lock, or raise SignInNeeded, which names the command to run.

While cached credentials still live, 2 to 5 get a few seconds. If they fail for a passing reason, the cached credentials
are the answer, and no process tries again for a while.
"""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from oidc_helper import names, record
from oidc_helper.aws import account_access, credentials
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, SignInNeeded, StoreUnusable, TryAgain, WrongSettings
from oidc_helper.fetch import failures, kept_tokens, work
from oidc_helper.fetch.means import Means
from oidc_helper.fetch.work import Progress
from oidc_helper.identity import UNATTENDED
from oidc_helper.identity.proof import Proof
from oidc_helper.machine import pause
from oidc_helper.machine.lock import Lock
from oidc_helper.person.outcome import reporting_to
from oidc_helper.record import Record
from oidc_helper.settings import Profile
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.store.saving import note_or_warn, save_or_warn

log = logging.getLogger("oidc_helper.fetch.broker")

_T = TypeVar("_T")

# While cached credentials live: seconds for a whole renewal, and for its lock, which a stopped process may hold.
_RENEWAL_S, _LOCK_S = 5, 1
_FETCHING, _ASKING = "oidc-helper for profile", "oidc-helper signing in for profile"


@dataclass(frozen=True)
class Fetched:
    """The JSON to print, good until `expires_at`; `due`: renew it before somebody has to wait.

    It is fresh until `serve_until`, and due from `renew_from` on; all times are epoch seconds.
    """

    answer: str = field(repr=False)
    expires_at: int
    serve_until: int
    renew_from: int
    due: bool = False


@dataclass(frozen=True)
class _Task(Generic[_T]):
    """Work that one process does for a profile: `look` finds the result of another process, and `do` produces one.

    `may_ask`: this process may ask a person. `waits`: it waits while another process asks one. `patience_s` is the
    longest wait for any lock. `conditions` are those of `failures`; if empty, it shares no other process's failure.
    """

    profile: Profile
    means: Means
    look: Callable[[], _T | None]
    do: Callable[[Progress], _T]
    may_ask: bool
    waits: bool = True
    patience_s: float = math.inf
    conditions: str = ""

    @property
    def takes_a_person(self) -> bool:
        """Whether somebody may have to sign in for a new proof."""
        return self.profile.identity.source not in UNATTENDED

    def prove_under_lock(self) -> Proof:
        """Get a proof that needs no person. A process that may ask one does so later, without this lock."""
        if self.may_ask and self.takes_a_person:
            raise SignInNeeded("a new proof of identity is needed")
        return self.means.prove(may_ask=False)

    def acquire(self, name: str, purpose: str) -> Lock | None:
        """`lock.acquire`, within the task's time."""
        timeout_s = min(self.patience_s, self.means.deadline.left())
        return self.means.store.acquire(name, timeout_s=timeout_s, purpose=f"{purpose} {self.profile.name}")

    def hold(self, name: str, purpose: str) -> Lock:
        """`lock.hold`, within the task's time."""
        timeout_s = min(self.patience_s, self.means.deadline.left())
        return self.means.store.hold(name, timeout_s=timeout_s, purpose=f"{purpose} {self.profile.name}")


def fetch(profile: Profile, stamp: str, means: Means, *, refresh: bool = False, ahead: bool = False) -> Fetched:
    """Get the credential_process JSON of a profile; `stamp` is the stamp of its settings.

    `refresh` ignores the cache; `ahead` renews credentials that are due although they could still be served. Raises
    OidcHelperError.
    """
    cached = None if refresh else _cached(profile, means)
    if fetched := _fresh(cached, stamp, means, ahead=ahead):
        log.debug("served from the cache")
        return fetched
    if profile.target == "account access":
        account_access.require_model()
    spare = None if ahead else _spare(cached, stamp, means)

    def look() -> Fetched | None:
        return _fresh(None if refresh else _cached(profile, means), stamp, means, ahead=ahead)

    def do(progress: Progress) -> Fetched:
        new = work.credentials(progress)
        return _cache(new, profile, stamp, means, person=kept_tokens.person(progress.tokens.subject))

    has_time = not (spare or ahead)
    may_ask = means.may_ask and has_time

    def renew() -> Fetched:
        return _by_one_process(
            _Task(
                profile,
                means,
                look,
                do,
                may_ask=may_ask,
                waits=has_time,
                patience_s=_LOCK_S if spare else math.inf,
                conditions=failures.conditions(profile, stamp, may_ask=may_ask),
            )
        )

    return _renewed_in_time(spare, profile, means, renew) if spare else renew()


def _renewed_in_time(spare: Fetched, profile: Profile, means: Means, renew: Callable[[], Fetched]) -> Fetched:
    """New credentials; after a passing failure, the spare ones, which then serve all callers for a while."""
    entry = names.entry_name(CREDENTIALS, profile.name)
    if pause.lasts(entry, means.now()):
        return spare
    try:
        with means.deadline.shortened(_RENEWAL_S):
            return means.deadline.run(renew)
    except (TryAgain, SignInNeeded, StoreUnusable, WrongSettings) as error:
        log.debug("serving the cached credentials: %s", error.message)
        pause.begin(entry, means.now())
        return spare


def fetch_tokens(profile: Profile, means: Means, *, may_ask: bool = False, refused: str = "") -> Tokens:
    """Get tokens whose access token lives and covers the profile's scopes. Raises OidcHelperError.

    `refused`: an access token that AWS refused, so it is not used again.
    """

    def look() -> Tokens | None:
        tokens = kept_tokens.load(profile, means.store)
        return tokens if work.suffice(tokens, profile, means.now()) and tokens.access_token != refused else None

    def do(progress: Progress) -> Tokens:
        work.drop_access(progress, refused)
        return work.usable(progress)

    return look() or _by_one_process(_Task(profile, means, look, do, may_ask=may_ask and means.may_ask))


def sign_in(profile: Profile, means: Means, *, anew: bool) -> tuple[Tokens, bool]:
    """Get tokens, from a person if necessary, and whether that took a new proof.

    `anew` asks for a new proof even if there are tokens; a source that can only give the same proof again is not a
    failure. Failures of other processes are ignored.
    """

    def do(progress: Progress) -> tuple[Tokens, bool]:
        if anew:
            return work.with_new_proof(progress)
        return work.usable(progress), progress.proof is not None

    task = _Task(profile, means, look=lambda: None, do=do, may_ask=means.may_ask)
    if not (anew and task.takes_a_person):
        return _by_one_process(task)
    with task.hold(asking_lock(profile), _ASKING):
        return _ask_person(task)


def still_alive(profile: Profile, stamp: str, means: Means) -> Fetched | None:
    """Find cached credentials that are due for renewal but still usable, for when renewing them fails."""
    return _spare(_cached(profile, means), stamp, means)


def asking_lock(profile: Profile) -> str:
    """The name of the lock of the process that asks the profile's person to sign in."""
    return f"asking {profile.identity.name}"


def _cached(profile: Profile, means: Means) -> Record | None:
    text = means.store.get(CREDENTIALS, profile.name)
    return record.parse(text.encode()) if text else None


def _fresh(cached: Record | None, stamp: str, means: Means, *, ahead: bool) -> Fetched | None:
    now = means.now()
    if cached is None or not cached.fresh(now=now, stamp=stamp):
        return None
    due = cached.due(now)
    return None if due and ahead else _from_cache(cached, due=due)


def _spare(cached: Record | None, stamp: str, means: Means) -> Fetched | None:
    if cached is None or not cached.spare(now=means.now(), stamp=stamp):
        return None
    return _from_cache(cached)


def _from_cache(cached: Record, *, due: bool = False) -> Fetched:
    return Fetched(cached.body.decode(), cached.expires_at, cached.serve_until, cached.renew_from, due)


def _by_one_process(task: _Task[_T]) -> _T:
    """Do the task without a person if possible, else with the person's proof.

    One process asks the person; processes that need no person do not wait for it. A process that may not ask waits for
    a sign-in that is open, and goes on with its result.
    """
    store, profile = task.means.store, task.profile
    earlier_failure = store.failure(profile.name)
    while True:
        try:
            return _under_lock(task)
        except SignInNeeded as error:
            if not (task.takes_a_person and task.waits):
                raise
            sign_in_needed = error
        if shared := failures.shared(earlier_failure, store.failure(profile.name), task.conditions):
            raise shared
        with task.acquire(asking_lock(profile), _ASKING) or nullcontext() as lock:
            if lock and task.may_ask:
                try:
                    return _under_lock(task)  # another process may have asked a moment ago
                except SignInNeeded:
                    return _ask_person(task)
            if lock:
                with _noting_failure(task):
                    raise sign_in_needed


def _under_lock(task: _Task[_T]) -> _T:
    """Step 2: one process does the work; the others pick up its result.

    Waiters check the cache after each wait without taking the lock, so that a hundred of them do not queue for it. The
    holder checks once more before it starts. If the holder failed, the waiters fail the same way: if each retried in
    turn, all would time out.
    """
    means, profile = task.means, task.profile
    earlier_failure = means.store.failure(profile.name)
    may_ask_next = task.takes_a_person and task.waits
    has_waited = False
    while True:
        with task.acquire(profile.tokens_name, _FETCHING) or nullcontext() as lock:
            if (result := task.look()) is not None:
                return result
            if lock:
                with _noting_failure(task, but_not=SignInNeeded if may_ask_next else ()):
                    return task.do(work.begin(profile, means, task.prove_under_lock, after_another=has_waited))
            has_waited = True
        if shared := failures.shared(earlier_failure, means.store.failure(profile.name), task.conditions):
            raise shared


def _ask_person(task: _Task[_T]) -> _T:
    """Step 6: ask the person, and only then take the lock. The caller holds the lock for asking."""
    means, profile = task.means, task.profile
    with _noting_failure(task):
        proof = means.prove(may_ask=True)
        with reporting_to(proof.finish):
            lock = task.hold(profile.tokens_name, _FETCHING)
        with lock:
            with reporting_to(proof.finish):
                progress = work.begin_with(proof, profile, means)
            return task.do(progress)


def _cache(new: Credentials, profile: Profile, stamp: str, means: Means, *, person: str) -> Fetched:
    """Cache new credentials. Failing to save them is only a warning: the answer comes first."""
    now, answer = means.now(), credentials.process_json(new)
    if not new.alive(now) or new.expires_at is None:
        raise OidcHelperError("the new credentials have already expired", "set this machine's clock")
    serve_until = credentials.serve_until(new.expires_at, now)
    renew_from = credentials.renew_from(new.expires_at, now) if profile.renew == "ahead" else serve_until
    text = record.compose(
        answer,
        serve_until=serve_until,
        stamp=stamp,
        renew_from=renew_from,
        expires_at=new.expires_at,
        region=profile.region,
    )
    details = {"identity": profile.identity.name, "person": person}
    put = partial(means.store.put, CREDENTIALS, profile.name, text, expires_at=new.expires_at, details=details)
    save_or_warn(put)
    note_or_warn(lambda: means.store.forget_failure(profile.name))
    return Fetched(answer, new.expires_at, serve_until, renew_from)


@contextmanager
def _noting_failure(task: _Task[_T], *, but_not: type[OidcHelperError] | tuple[()] = ()) -> Iterator[None]:
    """Note a failure before the lock is released: waiting processes look for it first."""
    try:
        yield
    except but_not:
        raise
    except OidcHelperError as error:
        if isinstance(error, SignInNeeded) and not error.hint:
            error.hint = task.profile.login  # step 6
        failures.note(task.profile, error, task.means.store, task.conditions)
        raise
