"""The limits that `--check` enforces, and what the last release reached, which `--against` compares with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import measure
from benchmarks.measure import Figures


@dataclass(frozen=True)
class Limit:
    """The largest ratios of a case to the case that it is compared with."""

    time: float
    memory: float | None = None


LIMITS = {
    measure.HIT: Limit(time=1.5, memory=1.3),
    measure.EXEC: Limit(time=1.2),
    measure.HIT_100: Limit(time=1.5, memory=1.3),
    measure.HIT_1000: Limit(time=1.5, memory=1.3),
    measure.VAULT: Limit(time=5),
    measure.VAULT_100: Limit(time=5),
    measure.COLD: Limit(time=1.0),
    measure.HIT_CROWD: Limit(time=1.5),
    measure.SLOWEST: Limit(time=5),
}


SLOWER = 1.1
"""How many times the last release's ratio a ratio may be."""


def slower(figures: Sequence[Figures], released: Mapping[str, float]) -> list[str]:
    """A line for each case whose ratio is more than a tenth over that of the last release, by the case's name."""
    return [
        f"{one.case.name}: {one.ratio:.2f} of the time of {one.case.against}, {before:.2f} in the last release"
        for one in figures
        if (before := released.get(one.case.name)) and one.ratio > before * SLOWER
    ]


def missed(figures: Sequence[Figures], expected: Collection[str]) -> list[str]:
    """A line for each case that is over its limit, or that was expected and not measured."""
    complaints = []
    measured = {one.case.name: one for one in figures}
    for name, limit in LIMITS.items():
        one = measured.get(name)
        if one is None:
            complaints += [f"{name}: not measured"] if name in expected else []
            continue
        if one.ratio > limit.time:
            complaints.append(f"{name}: {one.ratio:.2f} of the time of {one.case.against}, at most {limit.time:g}")
        if limit.memory is not None and one.memory_ratio > limit.memory:
            complaints.append(
                f"{name}: {one.memory_ratio:.2f} of the memory of {one.case.against}, at most {limit.memory:g}"
            )
    return complaints
