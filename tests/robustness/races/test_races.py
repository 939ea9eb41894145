"""Two of the races with a few processes; `python -m robustness --thorough` runs all of them with a hundred."""

import os
import sys

import pytest

from robustness.mutations import mutated
from robustness.races.crowd import Crowd
from robustness.races.scenarios import RACES, problems
from robustness.sandbox import Sandboxes

FEW = 6
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops processes and looks into /proc")


def test_a_rotation_locks_nobody_out(sandboxes: Sandboxes) -> None:
    """Of six processes that refresh at once only one does, for three generations of tokens that may be used once."""
    assert raced("rotation at the provider with reuse detection", sandboxes) == []


def test_many_profiles_share_one_sign_in(sandboxes: Sandboxes) -> None:
    """Each asks for its own credentials; the single-use identity token is exchanged once for all of them."""
    assert raced("many profiles of one identity", sandboxes) == []


def raced(name: str, sandboxes: Sandboxes) -> list[str]:
    with sandboxes.new() as sandbox:
        return problems(RACES[name], sandbox, Crowd(FEW, seed=int.from_bytes(os.urandom(4))))


def test_a_race_without_a_lock_is_found(sandboxes: Sandboxes) -> None:
    """The harness notices processes that do not wait for each other."""
    with sandboxes.new() as sandbox:
        sandbox.home.environment |= mutated(sandbox.home.path / "mutation", "nobody locks")

        wrong = problems(RACES["empty cache"], sandbox, Crowd(FEW, seed=1))

    assert wrong
