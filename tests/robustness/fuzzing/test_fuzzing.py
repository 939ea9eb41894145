"""Hostile input in the suite: each target with sound and odd inputs, and some that are turned over here and there."""

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
    """A seed in which something else stands in the place of some of its bytes."""

    def splice(seed: bytes, start: int, length: int, piece: bytes) -> bytes:
        where = start % (len(seed) + 1)
        return seed[:where] + piece + seed[where + length :]

    pieces = st.sampled_from(_PIECES) | st.binary(max_size=8)
    return st.builds(splice, st.sampled_from(seeds), st.integers(0, 4_096), st.integers(0, 20), pieces)


@pytest.mark.parametrize("name", TARGETS)
def test_sound_and_odd_inputs(name: str) -> None:
    """The promises of the target hold for all of its seeds that the suite has time for."""
    seeds = _module(name).seeds()
    for seed in seeds[:: 1 + len(seeds) // 60]:
        _module(name).target(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_are_turned_over(name: str) -> None:
    """They hold for what is nearly right, too."""

    @given(_spliced(_module(name).seeds()) | st.binary(max_size=60))
    @examples(max_examples=40, deadline=None, database=None, derandomize=True)
    def holds(data: bytes) -> None:
        _module(name).target(data)

    holds()


def test_the_environment_is_left_alone() -> None:
    """What a target sets for its input is gone afterwards: the next test has its own configuration."""
    before = paths.config_file()
    _module("index").target(b"{}")
    assert paths.config_file() == before
