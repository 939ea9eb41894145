"""Secrets: each is searched for in every place where it must not be."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from robustness.crashes.warm import warm_program
from robustness.sandbox import Sandboxes
from robustness.secrets.search import (
    FAILURES,
    OPERATIONS,
    Search,
    when_all_is_well,
    when_it_fails,
    when_there_is_a_bug,
)

_EVERY = 6  # of these failures, one is tried unless all are


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """For each circumstance: the number of pairs of a secret and a place, and of leaks among them.

    Yielded as soon as known.
    """
    failures = [(operation, failure) for operation in OPERATIONS for failure in FAILURES]
    with tempfile.TemporaryDirectory(prefix="secrets-") as directory:
        sandboxes = Sandboxes(Path(directory))
        with warm_program() as program:
            yield _figure("every command succeeds", [when_all_is_well(program, sandboxes)])
            chosen = failures[:: 1 if thorough else _EVERY]
            failed = [when_it_fails(operation, failure, program, sandboxes) for operation, failure in chosen]
            yield _figure(f"{len(chosen)} failures of calls", failed)
        with warm_program("a bug has secrets at hand") as program:
            yield _figure("an unforeseen exception", [when_there_is_a_bug(program, sandboxes)])


def _figure(circumstances: str, searches: list[Search]) -> tuple[str, int, int]:
    leaks = [leak for search in searches for leak in search.leaks]
    for leak in leaks:
        print(leak)
    return f"secrets searched for in places: {circumstances}", sum(search.pairs for search in searches), len(leaks)
