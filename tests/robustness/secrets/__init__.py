"""Every secret looked for in every place where it must not be."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from robustness.crashes.warm import warm
from robustness.ground import Grounds
from robustness.secrets.search import (
    FAILURES,
    OPERATIONS,
    Searched,
    when_all_is_well,
    when_it_fails,
    when_there_is_a_bug,
)

_EVERY = 6  # of the failures, where not all are asked for


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """In which circumstances, how many pairs of a secret and a place were looked at, and how many were leaks.

    Each as it is known.
    """
    failures = [(operation, failure) for operation in OPERATIONS for failure in FAILURES]
    with tempfile.TemporaryDirectory(prefix="secrets-") as directory:
        grounds = Grounds(Path(directory))
        with warm() as program:
            yield _figure("every command succeeds", [when_all_is_well(program, grounds)])
            chosen = failures[:: 1 if thorough else _EVERY]
            failed = [when_it_fails(operation, failure, program, grounds) for operation, failure in chosen]
            yield _figure(f"{len(chosen)} failures of calls", failed)
        with warm("a bug has secrets at hand") as program:
            yield _figure("an unforeseen exception", [when_there_is_a_bug(program, grounds)])


def _figure(circumstances: str, searched: list[Searched]) -> tuple[str, int, int]:
    found = [one for each in searched for one in each.found]
    for one in found:
        print(one)
    return f"secrets searched for in places: {circumstances}", sum(each.pairs for each in searched), len(found)
