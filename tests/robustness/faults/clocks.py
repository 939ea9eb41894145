"""Clocks that are wrong, and clocks that jump, during a fetch."""

import re
from dataclasses import dataclass
from typing import Protocol

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.calls import CALLS
from robustness.faults.world import Execute, World, new_world

# The clock is right until the process has read it `after` times.
_JUMP = """
import itertools, time
_right, _readings = time.time, itertools.count()
time.time = lambda: _right() + (next(_readings) >= {after} and {seconds})
"""


class Check(Protocol):
    """One cell. Raises AssertionError."""

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> object:
        """Let it happen and check the rules."""


@dataclass(frozen=True)
class Skewed:
    """Our clock differs from AWS's: only signed calls are refused; the message names the clock, and nothing is lost."""

    call_name: str
    ahead_s: int

    def __str__(self) -> str:
        return f"clock {self.ahead_s:+} s, {self.call_name}"

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let it happen and check the rules. Raises AssertionError."""
        call = CALLS[self.call_name]
        with new_world(execute, keys) as world:
            call.prepare(world)
            if not call.signed:
                assert world.run("get", "analytics").answered  # the calls before it are signed
            world.emulator.skew(-self.ahead_s)
            outcome = world.run(*call.words)
            if not call.signed:
                assert outcome.code == 0, outcome
                return
            assert outcome.code == 5, outcome
            where = "ahead of" if self.ahead_s > 0 else "behind"
            off = re.search(rf"hint: this machine's clock is (\d+) s {where} the server's", outcome.stderr)
            assert off, outcome
            assert abs(int(off[1]) - abs(self.ahead_s)) <= 1, outcome
            world.emulator.skew(0)
            assert world.run(*call.words).answered


@dataclass(frozen=True)
class Shifted:
    """Our clock differs from all others: `get` works, the second time from the cache."""

    ahead_s: int

    def __str__(self) -> str:
        return f"clock {self.ahead_s:+} s"

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let it happen and check the rules. Raises AssertionError."""
        with new_world(execute, keys) as world:
            world.now = self.ahead_s
            assert world.run("get", "analytics").answered
            again = world.run("get", "analytics")
            assert (again.answered, again.calls) == (True, ())


@dataclass(frozen=True)
class Jumping:
    """The clock jumps within a fetch: the fetch answers, and so does the next one with the right clock."""

    after: int
    seconds: int

    def __str__(self) -> str:
        return f"clock jumps by {self.seconds:+} s at reading {self.after}"

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let it happen and check the rules. Raises AssertionError."""
        with new_world(execute, keys) as world:
            world.before = _JUMP.format(after=self.after, seconds=self.seconds)
            assert world.run("get", "analytics").answered
            world.before = ""
            assert world.run("get", "analytics").answered
            assert world.emulator.count("CreateTokenWithIAM") == 1


@dataclass(frozen=True)
class Wandering:
    """The clock jumps by hours between fetches: the impossible is reported, and nothing good is discarded."""

    def __str__(self) -> str:
        return "clock jumps between fetches"

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let it happen and check the rules. Raises AssertionError."""
        with new_world(execute, keys) as world:
            first = world.run("get", "analytics")
            assert first.answered
            _check_too_late(world, 7_200)
            world.now = -7_200
            assert world.run("get", "analytics").stdout == first.stdout
            world.now = 0
            again = world.run("get", "analytics")
            assert (again.stdout, again.calls) == (first.stdout, ())


def _check_too_late(world: World, seconds: int) -> None:
    world.now = seconds
    outcome = world.run("get", "analytics")
    assert (outcome.code, "already expired" in outcome.stderr) == (1, True), outcome
    assert "set this machine's clock" in outcome.stderr


_CALL_NAMES = ("jwt-bearer", "refresh", "role", "permission set", "logout")


def cells() -> list[Check]:
    """The whole table."""
    return [
        *(Skewed(name, ahead_s) for name in _CALL_NAMES for ahead_s in (1_200, -1_200)),
        *(Shifted(ahead_s) for ahead_s in (600, -600)),
        *(Jumping(after, seconds) for after in (1, 3, 6, 12, 24) for seconds in (600, -600)),
        Wandering(),
    ]
