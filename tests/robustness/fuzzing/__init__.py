"""Hostile input: targets that take any bytes, for hypothesis in the suite and for atheris as long as one likes.

A target is a module of `targets` with `target(data)`, which raises where a promise is broken, and `seeds()`, sound
inputs to begin with.
"""

Figures = list[tuple[str, int, int]]
_RUNS, _RUNS_THOROUGH = 1_000, 20_000


def figures(*, thorough: bool) -> Figures:
    """For each target: how many inputs it was given, and how many of them broke a promise (atheris stops at one)."""
    from robustness.fuzzing.guided import fuzz
    from robustness.fuzzing.targets import TARGETS

    runs = _RUNS_THOROUGH if thorough else _RUNS
    return [(f"hostile input: {name}", *fuzz(name, runs)) for name in TARGETS]
