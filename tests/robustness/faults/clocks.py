"""Clocks that are wrong, and clocks that jump, while something is fetched."""

import re
from dataclasses import dataclass
from typing import Protocol

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.calls import CALLS
from robustness.faults.world import Run, World, world

# The clock is right until it was read so often, in the whole process.
_JUMP = """
import itertools, time
_right, _readings = time.time, itertools.count()
time.time = lambda: _right() + (next(_readings) >= {after} and {seconds})
"""


class Check(Protocol):
    """One cell. Raises AssertionError."""

    def check(self, execute: Run, keys: SigningKeys | None = None) -> object:
        """Let it happen."""


@dataclass(frozen=True)
class Skewed:
    """Ours and AWS's differ by so much: only what is signed is refused, which names the clock and costs nothing."""

    place: str
    ahead_s: int

    def __str__(self) -> str:
        return f"clock {self.ahead_s:+} s, {self.place}"

    def check(self, execute: Run, keys: SigningKeys | None = None) -> None:
        """See above."""
        call = CALLS[self.place]
        with world(execute, keys) as its:
            call.prepare(its)
            if not call.signed:
                assert its.run("get", "analytics").answered  # what precedes it is signed
            its.emulator.skew(-self.ahead_s)
            said = its.run(*call.words)
            if not call.signed:
                assert said.code == 0, said
                return
            assert said.code == 5, said
            where = "ahead of" if self.ahead_s > 0 else "behind"
            assert re.search(rf"hint: this machine's clock is (599|600|601) s {where} the server's", said.stderr), said
            its.emulator.skew(0)
            assert its.run(*call.words).answered


@dataclass(frozen=True)
class Shifted:
    """Ours differs from all others, the identity provider's too: it works; the second time from the cache."""

    ahead_s: int

    def __str__(self) -> str:
        return f"clock {self.ahead_s:+} s"

    def check(self, execute: Run, keys: SigningKeys | None = None) -> None:
        """See above."""
        with world(execute, keys) as its:
            its.now = self.ahead_s
            assert its.run("get", "analytics").answered
            again = its.run("get", "analytics")
            assert (again.answered, again.calls) == (True, ())


@dataclass(frozen=True)
class Jumping:
    """It jumps within a fetch: the fetch answers nevertheless, and so does the next one, with the right clock."""

    after: int
    seconds: int

    def __str__(self) -> str:
        return f"clock jumps by {self.seconds:+} s at reading {self.after}"

    def check(self, execute: Run, keys: SigningKeys | None = None) -> None:
        """See above."""
        with world(execute, keys) as its:
            its.before = _JUMP.format(after=self.after, seconds=self.seconds)
            assert its.run("get", "analytics").answered
            its.before = ""
            assert its.run("get", "analytics").answered
            assert its.emulator.count("CreateTokenWithIAM") == 1


@dataclass(frozen=True)
class Wandering:
    """It jumps between fetches, by hours: what cannot be is said, and spoils nothing that is good by the right one."""

    def __str__(self) -> str:
        return "clock jumps between fetches"

    def check(self, execute: Run, keys: SigningKeys | None = None) -> None:
        """See above."""
        with world(execute, keys) as its:
            first = its.run("get", "analytics")
            assert first.answered
            _too_late(its, 7_200)
            its.now = -7_200
            assert its.run("get", "analytics").stdout == first.stdout
            its.now = 0
            again = its.run("get", "analytics")
            assert (again.stdout, again.calls) == (first.stdout, ())


def _too_late(its: World, seconds: int) -> None:
    its.now = seconds
    said = its.run("get", "analytics")
    assert (said.code, "already expired" in said.stderr) == (1, True), said
    assert "set this machine's clock" in said.stderr


_PLACES = ("jwt-bearer", "refresh", "role", "permission set", "logout")


def cells() -> list[Check]:
    """All of them."""
    return [
        *(Skewed(place, ahead_s) for place in _PLACES for ahead_s in (600, -600)),
        *(Shifted(ahead_s) for ahead_s in (600, -600)),
        *(Jumping(after, seconds) for after in (1, 3, 6, 12, 24) for seconds in (600, -600)),
        Wandering(),
    ]
