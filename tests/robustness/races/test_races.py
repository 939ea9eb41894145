"""A few of the races with a few processes; `python -m robustness --thorough` runs all of them with a hundred.

What users of other tools met: a browser tab for each process, a loser of a rotation who is locked out, an assertion
that counts once.
"""

import os
import sys

import pytest

from robustness.ground import Grounds
from robustness.mutations import customized
from robustness.races.crowd import Crowd
from robustness.races.scenarios import RACES, problems

FEW = 6
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops processes and looks into /proc")


@pytest.mark.parametrize("name", ["many profiles of one identity", "rotation at the provider with reuse detection"])
def test_nobody_is_refused_and_nobody_sees_an_error(name: str, grounds: Grounds) -> None:
    """However the processes are stopped and slowed down: one exchange, and the same answer for all."""
    with grounds.new() as ground:
        assert problems(RACES[name], ground, Crowd(FEW, seed=int.from_bytes(os.urandom(4)))) == []


def test_a_race_without_a_lock_is_found(grounds: Grounds) -> None:
    """The harness sees what happens where nobody waits for another."""
    with grounds.new() as ground:
        ground.home.environment |= customized(ground.home.path / "mutation", "nobody locks")

        found = problems(RACES["empty cache"], ground, Crowd(FEW, seed=1))

    assert found
