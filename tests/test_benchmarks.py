"""What the benchmarks make of their figures; the timing itself is no test."""

import xml.etree.ElementTree as ET

import pytest
from benchmarks import limits, measure, rendering
from benchmarks.launcher import Cost
from benchmarks.limits import Limit
from benchmarks.measure import Case, Figures
from benchmarks.site import Command


def case(name: str, against: str = measure.BARE) -> Case:
    return Case(name, against, lambda: Command([], {}))


def taking(*seconds: float, peak_kib: int = 1_000) -> list[Cost]:
    return [Cost(wall_s, wall_s / 2, peak_kib) for wall_s in seconds]


def one(name: str, ratio: float, memory_ratio: float = 1) -> Figures:
    return Figures(case(name), tuple(taking(0.02)), ratio, memory_ratio)


def test_a_ratio_is_the_median_of_those_of_each_turn() -> None:
    """A machine that is busy for two turns of three slows both down, and changes nothing in the ratio."""
    cases = [case(measure.BARE), case(measure.HIT)]
    runs = {measure.BARE: taking(1, 10, 20), measure.HIT: taking(1.3, 13, 90, peak_kib=1_500)}

    bare, hit = measure.figures(cases, runs)

    assert (bare.ratio, bare.memory_ratio) == (1, 1)
    assert hit.ratio == pytest.approx(1.3)
    assert hit.memory_ratio == 1.5
    assert hit.wall_ms == 13_000


def test_what_is_over_its_limit_is_named() -> None:
    """Each limit by itself, the row and what it is held against in the line."""
    found = [one(measure.HIT, 1.51, 1.29), one(measure.HIT_100, 1.49, 1.31), one(measure.COLD, 1.0)]

    assert limits.missed(found, ()) == [
        "hit: 1.51 of the time of python -c pass, at most 1.5",
        "hit, 100 profiles: 1.31 of the memory of python -c pass, at most 1.3",
    ]


def test_what_was_not_measured_is_not_taken_for_good() -> None:
    """A machine without Secret Service cannot pass for one that is fast with it."""
    assert limits.missed([], {measure.VAULT}) == ["hit, Secret Service: not measured"]


def test_a_case_without_limit_may_take_what_it_takes() -> None:
    """Peers are shown, not judged."""
    assert limits.missed([one("a peer", 1_000, 1_000)], {"a peer"}) == []


def test_the_table_tells_ratios_and_limits() -> None:
    """Markdown; what others are held against has no ratio of its own."""
    rows = rendering.table([Figures(case(measure.BARE), tuple(taking(0.015)), 1, 1), one(measure.HIT, 1.234, 1.1)])

    assert rows.splitlines()[2:] == [
        "| python -c pass | 15 ms | 8 ms | 1.0 MiB |  |  |  |",
        "| hit | 20 ms | 10 ms | 1.0 MiB | python -c pass | 1.23 (≤ 1.5) | 1.10 (≤ 1.3) |",
    ]


def test_the_chart_has_a_bar_for_each_ratio_and_a_stroke_for_each_limit() -> None:
    """Well-formed SVG, whatever a peer is called; bars are as long as their ratios."""
    found = [Figures(case(measure.BARE), tuple(taking(1)), 1, 1), one(measure.HIT, 1), one('<&" peer', 4)]

    drawn = ET.fromstring(rendering.chart(found))  # noqa: S314  our own

    svg = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawn.iter(f"{svg}text")]
    assert texts == ["hit", "1.00 of python -c pass", '<&" peer', "4.00 of python -c pass"]
    _background, short, long = (float(bar.attrib["width"]) for bar in drawn.iter(f"{svg}rect"))
    assert long == 4 * short
    assert len([path for path in drawn.iter(f"{svg}path") if path.attrib["stroke"] == "#c33"]) == 1


@pytest.mark.parametrize("name", limits.LIMITS)
def test_every_limit_is_of_something(name: str) -> None:
    """A limit of nothing or of a case that does not exist would never be missed."""
    assert name in {value for value in vars(measure).values() if isinstance(value, str)}
    assert limits.LIMITS[name].time >= Limit(1).time
