"""Keeps one profile's credentials in memory, and fetches new ones before anybody has to wait for them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import NamedTuple, Protocol

from oidc_helper import record
from oidc_helper.errors import OidcHelperError, SignInNeeded, TryAgain
from oidc_helper.fetch.broker import Fetched
from oidc_helper.serve import answers
from oidc_helper.serve.answers import Answer
from oidc_helper.settings import Profile

_FIRST_PAUSE_S = 5  # after a failure; it doubles with each further one
_LONGEST_PAUSE_S = 60
_PERSON_PAUSE_S = 10  # until somebody signs in; each try only looks into the store
_TICK_S = 15  # between looks at the wall clock: the clock of the event loop may stand still while the machine sleeps
_BEGINNING = answers.unavailable(TryAgain("the credentials are being fetched", "try again in a second"))


class Fetch(Protocol):
    """Gets credentials, in a thread; with `ahead`, even if the cached ones could still be served.

    Raises OidcHelperError.
    """

    def __call__(self, *, ahead: bool) -> Fetched:
        """Get the credentials."""


class ProfileFetch(NamedTuple):
    """A profile, and the function that fetches its credentials."""

    profile: Profile
    fetch: Fetch


class Keeper:
    """The credentials of one profile, kept fresh while `run` runs.

    `report` gets each new failure, and None once it is over. `executor` runs the fetches; `done` and `failed` count
    them. `fetched` are credentials to begin with.
    """

    def __init__(
        self,
        profile_fetch: ProfileFetch,
        executor: Executor,
        *,
        report: Callable[[OidcHelperError | None], None] = lambda _: None,
        fetched: Fetched | None = None,
    ) -> None:
        self.first_outcome = asyncio.Event()
        self.done = self.failed = 0
        self._profile_fetch, self._executor, self._report = profile_fetch, executor, report
        self._failure: OidcHelperError | None = None
        self._failures = 0
        self._wake = asyncio.Event()
        self._next_at = 0.0  # epoch seconds
        self._under_way: asyncio.Future[Fetched | OidcHelperError] | None = None
        self._fetched: Fetched | None = None
        self._credentials = self._missing = _BEGINNING
        if fetched:
            self._keep(fetched)
            self.first_outcome.set()

    @property
    def name(self) -> str:
        """The profile's name."""
        return self._profile_fetch.profile.name

    @property
    def expires_at(self) -> int:
        """When the credentials end, in epoch seconds; 0 if there are none."""
        return self._fetched.expires_at if self._fetched else 0

    def answer(self, now: float) -> Answer:
        """The credentials if they can still be used, else the reason why there are none; never waits."""
        if self.is_ready(now) or record.usable(self.expires_at, now):
            return self._credentials
        if self._next_at <= now:
            self._wake.set()  # the machine slept through the renewal
        return self._missing

    def is_ready(self, now: float) -> bool:
        """Whether there are credentials, with so much time left that no SDK would ask again at once."""
        return self._fetched is not None and now < self._fetched.serve_until

    def follow(self, profile_fetch: ProfileFetch) -> None:
        """Use this fetch from now on, and drop credentials of other settings."""
        has_changed = profile_fetch.profile != self._profile_fetch.profile
        self._profile_fetch = profile_fetch
        if has_changed:
            self._fetched, self._missing = None, _BEGINNING
        if has_changed or self._failure:
            self._next_at = 0
            self._wake.set()

    async def run(self) -> None:
        """Wait and fetch by turns, until cancelled."""
        while True:
            await self._wait()
            await self._fetch()

    async def finish(self, within_s: float) -> None:
        """Wait for a fetch that is under way: a token that it has spent is lost without its answer."""
        if self._under_way:
            await asyncio.wait([self._under_way], timeout=within_s)

    async def _wait(self) -> None:
        """Wait until the next fetch is due by the wall clock, or is wanted at once."""
        while (left_s := self._next_at - time.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(left_s, _TICK_S))
            self._wake.clear()

    async def _fetch(self) -> None:
        profile_fetch = self._profile_fetch
        loop = asyncio.get_running_loop()
        self._under_way = loop.run_in_executor(
            self._executor, self._outcome, profile_fetch.fetch, self._fetched is not None
        )
        outcome = await asyncio.shield(self._under_way)
        if profile_fetch is not self._profile_fetch:
            return  # the settings have changed meanwhile
        before = self._failure
        if isinstance(outcome, Fetched):
            self.done += 1
            self._keep(outcome)
        else:
            self.failed += 1
            self._note(outcome)
        self.first_outcome.set()
        if (before and before.message) != (self._failure and self._failure.message):
            await loop.run_in_executor(self._executor, self._report, self._failure)  # its reader may be slow

    def _outcome(self, fetch: Fetch, ahead: bool) -> Fetched | OidcHelperError:  # noqa: FBT001  # for an executor
        """The fetched credentials, or the error as a value: the endpoint goes on in spite of any failure."""
        try:
            return fetch(ahead=ahead)
        except OidcHelperError as error:
            return error
        except Exception as error:  # noqa: BLE001  # a bug; its message may hold secrets
            return OidcHelperError(f"unexpected {type(error).__name__}, which is a bug", "run it with --debug")

    def _keep(self, fetched: Fetched) -> None:
        self._fetched, self._failure, self._failures = fetched, None, 0
        self._credentials = answers.credentials(fetched.answer)
        self._missing = _BEGINNING
        now = time.time()
        self._next_at = now if fetched.due else max(now + _FIRST_PAUSE_S, fetched.renew_from)

    def _note(self, failure: OidcHelperError) -> None:
        self._failure, self._missing = failure, answers.unavailable(failure)
        longest_s = _PERSON_PAUSE_S if isinstance(failure, SignInNeeded) else _LONGEST_PAUSE_S
        self._next_at = time.time() + min(longest_s, _FIRST_PAUSE_S * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
