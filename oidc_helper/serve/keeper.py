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

_FIRST_PAUSE_S = 5  # after a failure; it doubles with each that follows
_LONGEST_PAUSE_S = 60
_PERSON_PAUSE_S = 10  # looking whether somebody has signed in asks the store alone
_TICK_S = 15  # a machine that slept has another time than the event loop
_BEGINNING = answers.unavailable(TryAgain("the credentials are being fetched", "try again in a second"))


class Fetch(Protocol):
    """Gets credentials, in a thread; with `ahead` also where those at hand could still be served.

    Raises OidcHelperError.
    """

    def __call__(self, *, ahead: bool) -> Fetched:
        """Get them."""


class Source(NamedTuple):
    """Where credentials come from: a fetch, and the settings that it goes by."""

    profile: Profile
    fetch: Fetch


class Keeper:
    """The credentials of one profile, for as long as `run` runs.

    `told` gets each new failure, and None where it is over. `executor` runs the fetches; `done` and `failed` count
    them.
    """

    def __init__(
        self,
        source: Source,
        executor: Executor,
        *,
        told: Callable[[OidcHelperError | None], None] = lambda _: None,
        fetched: Fetched | None = None,
    ) -> None:
        self.first_outcome = asyncio.Event()
        self.done = self.failed = 0
        self._source, self._executor, self._told = source, executor, told
        self._failure: OidcHelperError | None = None
        self._failures = 0
        self._wanted = asyncio.Event()
        self._next_at = 0.0  # epoch seconds
        self._under_way: asyncio.Future[Fetched | OidcHelperError] | None = None
        self._fetched: Fetched | None = None
        self._given = self._missing = _BEGINNING
        if fetched:
            self._keep(fetched)
            self.first_outcome.set()

    @property
    def name(self) -> str:
        """The profile's."""
        return self._source.profile.name

    @property
    def expires_at(self) -> int:
        """Epoch seconds; 0 where there are none."""
        return self._fetched.expires_at if self._fetched else 0

    def answer(self, now: float) -> Answer:
        """The credentials where they still serve, and else what is in the way; never waits."""
        if self.is_ready(now) or record.usable(self.expires_at, now):
            return self._given
        if self._next_at <= now:
            self._wanted.set()  # the machine slept through the renewal
        return self._missing

    def is_ready(self, now: float) -> bool:
        """Whether there are credentials that no SDK would come back for at once."""
        return self._fetched is not None and now < self._fetched.serve_until

    def follow(self, source: Source) -> None:
        """Fetch from there from now on; credentials of other settings are dropped."""
        is_other = source.profile != self._source.profile
        self._source = source
        if is_other:
            self._fetched, self._missing = None, _BEGINNING
        if is_other or self._failure:
            self._next_at = 0
            self._wanted.set()

    async def run(self) -> None:
        """Fetch, and wait, until cancelled."""
        while True:
            await self._wait()
            await self._fetch()

    async def finish(self, within_s: float) -> None:
        """Wait for a fetch that is under way: a token that it has spent is lost with its answer."""
        if self._under_way:
            await asyncio.wait([self._under_way], timeout=within_s)

    async def _wait(self) -> None:
        """Until the next fetch is due by the clock on the wall, or somebody wants it now."""
        while (left_s := self._next_at - time.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), min(left_s, _TICK_S))
            self._wanted.clear()

    async def _fetch(self) -> None:
        source = self._source
        loop = asyncio.get_running_loop()
        self._under_way = loop.run_in_executor(self._executor, self._outcome, source, self._fetched is not None)
        outcome = await asyncio.shield(self._under_way)
        if source is not self._source:
            return  # of settings that no longer count
        before = self._failure
        if isinstance(outcome, Fetched):
            self.done += 1
            self._keep(outcome)
        else:
            self.failed += 1
            self._note(outcome)
        self.first_outcome.set()
        if (before and before.message) != (self._failure and self._failure.message):
            await loop.run_in_executor(self._executor, self._told, self._failure)  # whose reader may be slow

    def _outcome(self, source: Source, ahead: bool) -> Fetched | OidcHelperError:  # noqa: FBT001  # for an executor
        """Errors are values here: whatever happens to a fetch, the endpoint goes on."""
        try:
            return source.fetch(ahead=ahead)
        except OidcHelperError as error:
            return error
        except Exception as error:  # noqa: BLE001  # a bug, whose words may hold secrets
            return OidcHelperError(f"unexpected {type(error).__name__}, which is a bug", "run it with --debug")

    def _keep(self, fetched: Fetched) -> None:
        self._fetched, self._failure, self._failures = fetched, None, 0
        self._given = answers.credentials(fetched.answer)
        self._missing = _BEGINNING
        now = time.time()
        self._next_at = now if fetched.due else max(now + _FIRST_PAUSE_S, fetched.renew_from)

    def _note(self, failure: OidcHelperError) -> None:
        self._failure, self._missing = failure, answers.unavailable(failure)
        longest_s = _PERSON_PAUSE_S if isinstance(failure, SignInNeeded) else _LONGEST_PAUSE_S
        self._next_at = time.time() + min(longest_s, _FIRST_PAUSE_S * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
