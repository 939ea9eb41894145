"""A profile's credentials in memory: fetched ahead, kept through failures, gone when they are over."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from homes import Home, file_config

from oidc_helper import settings
from oidc_helper.emulator import Emulator
from oidc_helper.errors import OidcHelperError, SignInNeeded, TryAgain
from oidc_helper.fetch.broker import Fetched
from oidc_helper.serve import keeper
from oidc_helper.serve.keeper import Keeper, ProfileFetch
from oidc_helper.settings import Profile

HOUR = 3_600
Outcome = Fetched | Exception


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(keeper, "_PERSON_PAUSE_S", 0.01)
    monkeypatch.setattr(keeper, "_LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def profile(home: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Profile:
    home.configure(file_config(emulator))
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return settings.load().profile("analytics")


def made(name: str, *, lasts_s: float = HOUR, renew_in_s: float | None = None, due: bool = False) -> Fetched:
    now = int(time.time())
    answer = {"Version": 1, "AccessKeyId": name, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "e"}
    renew_from = int(now + (lasts_s / 2 if renew_in_s is None else renew_in_s))
    return Fetched(json.dumps(answer), int(now + lasts_s), int(now + lasts_s * 2 / 3), renew_from, due)


def kept(
    profile: Profile, *outcomes: Outcome, until: Callable[[Keeper], bool], tells: int = 0
) -> tuple[list[bool], list[str | None]]:
    """Run a keeper over these outcomes until the condition holds, and so much was told.

    Returns whether each fetch was ahead, and what was told.
    """
    asked: list[bool] = []
    told: list[str | None] = []
    coming = iter(outcomes)

    def fetch(*, ahead: bool) -> Fetched:
        asked.append(ahead)
        outcome = next(coming, outcomes[-1])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def run() -> None:
        with ThreadPoolExecutor() as executor:
            one = Keeper(
                ProfileFetch(profile, fetch),
                executor,
                report=lambda failure: told.append(failure.message if failure else None),
            )
            task = asyncio.create_task(one.run())
            async with asyncio.timeout(30):
                while not (until(one) and len(told) >= tells):  # noqa: ASYNC110  # the condition is the caller's
                    await asyncio.sleep(0.001)
            task.cancel()
            await one.finish(30)

    asyncio.run(run())
    return asked, told


def key(one: Keeper) -> str | None:
    """The access key that is handed out."""
    body: dict[str, str] = json.loads(one.answer(time.time()).body)
    return body.get("AccessKeyId")


def message(one: Keeper) -> str | None:
    body: dict[str, str] = json.loads(one.answer(time.time()).body)
    return body.get("message")


def test_credentials_of_the_cache_that_are_due_are_served_and_renewed_at_once(profile: Profile) -> None:
    """The first look takes what is there; the next one is ahead."""
    asked, told = kept(profile, made("old", due=True, renew_in_s=-1), made("new"), until=lambda one: key(one) == "new")

    assert (asked, told) == ([False, True], [])


def test_fresh_credentials_are_fetched_once(profile: Profile) -> None:
    """Nobody asks before half of their life is over."""
    begun = time.monotonic()
    asked, _ = kept(profile, made("one"), until=lambda one: key(one) == "one" and time.monotonic() > begun + 0.2)

    assert asked == [False]


def test_through_a_failing_renewal_the_old_ones_are_served(profile: Profile) -> None:
    """The failure is told once, and so is its end."""
    down = TryAgain("the provider does not answer")
    outcomes = (made("old", renew_in_s=0), down, down, down, made("new"))
    asked, told = kept(profile, *outcomes, until=lambda one: _is_credentials(one) and key(one) == "new", tells=2)

    assert asked == [False, True, True, True, True]
    assert told == ["the provider does not answer", None]


def _is_credentials(one: Keeper) -> bool:
    assert one.done == 0 or one.answer(time.time()).status == 200
    return one.done > 0


def test_credentials_that_are_over_are_not_handed_out(profile: Profile) -> None:
    """What is in the way is told instead."""
    needed = SignInNeeded("a person must sign in", "oidc-helper login analytics")
    kept(
        profile,
        made("old", lasts_s=0, renew_in_s=0),
        needed,
        until=lambda one: message(one) == "a person must sign in; hint: oidc-helper login analytics",
    )


def test_a_bug_in_a_fetch_ends_no_keeper(profile: Profile) -> None:
    """Its words may hold a secret, and are not told."""
    asked, told = kept(profile, ValueError("a secret"), made("new"), until=lambda one: key(one) == "new", tells=2)

    assert len(asked) == 2
    assert told == ["unexpected ValueError, which is a bug", None]


def test_pauses_grow_from_failure_to_failure(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is not made worse; while a sign-in is missing, the pauses stay short."""
    monkeypatch.undo()

    def pauses(failure: OidcHelperError) -> list[int]:
        one = Keeper(ProfileFetch(profile, lambda *, ahead: made("x")), ThreadPoolExecutor())
        found = []
        for _ in range(6):
            one._note(failure)
            found.append(round(one._next_at - time.time()))
        return found

    assert pauses(TryAgain("")) == [5, 10, 20, 40, 60, 60]
    assert pauses(SignInNeeded("")) == [5, 10, 10, 10, 10, 10]


def test_an_outcome_of_former_settings_does_not_count(profile: Profile) -> None:
    """It came when the settings had changed already."""
    may_end = threading.Event()

    def slow(*, ahead: bool) -> Fetched:
        may_end.wait(30)
        return made("former")

    async def run() -> None:
        with ThreadPoolExecutor() as executor:
            one = Keeper(ProfileFetch(profile, slow), executor)
            task = asyncio.create_task(one.run())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            one.follow(ProfileFetch(profile, lambda *, ahead: made("new")))
            may_end.set()
            async with asyncio.timeout(30):
                while key(one) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert key(one) == "new"
            task.cancel()

    asyncio.run(run())
