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


def test_a_rotation_locks_nobody_out(grounds: Grounds) -> None:
    """Of six who refresh at once one does so, for three generations of tokens of which none may be used twice."""
    assert raced("rotation at the provider with reuse detection", grounds) == []


def test_many_profiles_of_one_sign_in(grounds: Grounds) -> None:
    """Each asks for its own credentials; the single-use identity token is exchanged once for all of them."""
    assert raced("many profiles of one identity", grounds) == []


def raced(name: str, grounds: Grounds) -> list[str]:
    with grounds.new() as ground:
        return problems(RACES[name], ground, Crowd(FEW, seed=int.from_bytes(os.urandom(4))))


def test_a_race_without_a_lock_is_found(grounds: Grounds) -> None:
    """The harness sees what happens where nobody waits for another."""
    with grounds.new() as ground:
        ground.home.environment |= customized(ground.home.path / "mutation", "nobody locks")

        found = problems(RACES["empty cache"], ground, Crowd(FEW, seed=1))

    assert found
