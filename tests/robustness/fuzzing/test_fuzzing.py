"""Each target with its seeds, and with damaged seeds."""

import importlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from oidc_helper import paths
from robustness.fuzzing.targets import ODD, TARGETS

_PIECES = [odd[:2_000].encode("utf-8", "surrogatepass") for odd in ODD] + [b'"', b"{", b"]", b"=", b"<", b" ", b"1"]


@cache
def _module(name: str) -> Any:
    return importlib.import_module(f"robustness.fuzzing.targets.{name}")


def _spliced(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A seed in which something replaces some of the bytes."""

    def splice(seed: bytes, start: int, length: int, piece: bytes) -> bytes:
        where = start % (len(seed) + 1)
        return seed[:where] + piece + seed[where + length :]

    pieces = st.sampled_from(_PIECES) | st.binary(max_size=8)
    return st.builds(splice, st.sampled_from(seeds), st.integers(0, 4_096), st.integers(0, 20), pieces)


@pytest.mark.parametrize("name", TARGETS)
def test_promises_hold_for_seeds(name: str) -> None:
    """For as many seeds as the suite has time for; they are sound, or have something odd in one place."""
    seeds = _module(name).seeds()
    for seed in seeds[:: 1 + len(seeds) // 60]:
        _module(name).target(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_promises_hold_for_damaged_seeds(name: str) -> None:
    """Nearly right input, and random bytes."""

    @given(_spliced(_module(name).seeds()) | st.binary(max_size=60))
    @examples(max_examples=40, deadline=None, database=None, derandomize=True)
    def holds(data: bytes) -> None:
        _module(name).target(data)

    holds()


def test_a_target_restores_the_environment() -> None:
    """The next test has a configuration of its own."""
    before = paths.config_file()
    _module("index").target(b"{}")

    assert paths.config_file() == before
