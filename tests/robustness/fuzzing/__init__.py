"""Fuzzing: targets that take any bytes, run by hypothesis in the suite and by atheris for as long as one likes.

A target is a module of `targets` with `target(data)`, which raises if a promise is broken, and `seeds()`, the inputs to
begin with.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

_RUNS, _RUNS_THOROUGH = 1_000, 20_000


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """For each target: the number of inputs, and of those that broke a promise (atheris stops at the first).

    Yielded as soon as known.
    """
    from robustness.fuzzing.guided import fuzz
    from robustness.fuzzing.targets import TARGETS

    runs = _RUNS_THOROUGH if thorough else _RUNS
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        for name, counts in zip(TARGETS, pool.map(partial(fuzz, runs=runs), TARGETS), strict=True):
            yield (f"fuzz executions: {name}", *counts)
