"""The ratios, limits, tables and charts that the benchmarks make of their figures; the timing is not tested."""

import json
import xml.etree.ElementTree as ET

import pytest
from benchmarks import limits, measure, rendering, serve
from benchmarks.launcher import Cost
from benchmarks.limits import Limit
from benchmarks.measure import Case, Figures
from benchmarks.site import Command


def case(name: str, against: str = measure.BARE) -> Case:
    return Case(name, against, lambda: Command([], {}))


def taking(*seconds: float, peak_kib: int = 1_000) -> list[Cost]:
    return [Cost(wall_s, wall_s / 2, peak_kib) for wall_s in seconds]


def figure(name: str, ratio: float, memory_ratio: float = 1) -> Figures:
    return Figures(case(name), tuple(taking(0.02)), ratio, memory_ratio)


def test_a_ratio_is_the_median_of_the_ratios_of_all_turns() -> None:
    """A machine that is busy in two of three turns slows both sides down and does not change the ratio."""
    cases = [case(measure.BARE), case(measure.HIT)]
    runs = {measure.BARE: taking(1, 10, 20), measure.HIT: taking(1.3, 13, 90, peak_kib=1_500)}

    bare, hit = measure.figures(cases, runs)

    assert (bare.ratio, bare.memory_ratio) == (1, 1)
    assert hit.ratio == pytest.approx(1.3)
    assert hit.memory_ratio == 1.5
    assert hit.wall_ms == 13_000


def test_a_case_over_its_limit_is_named() -> None:
    """Time and memory have limits of their own; the line names the case and the command it is compared with."""
    figures = [figure(measure.HIT, 1.51, 1.29), figure(measure.HIT_100, 1.49, 1.31), figure(measure.COLD, 1.0)]

    assert limits.missed(figures, ()) == [
        "hit: 1.51 of the time of python -c pass, at most 1.5",
        "hit, 100 profiles: 1.31 of the memory of python -c pass, at most 1.3",
    ]


def test_a_ratio_that_grew_by_more_than_a_tenth_since_the_last_release_is_named() -> None:
    """A case that is new, and one that became faster, are not; what a release writes is what the next one reads."""
    released = json.loads(rendering.ratios([figure(measure.HIT, 1.25), figure(measure.VAULT, 3), figure("a peer", 1)]))
    figures = [figure(measure.HIT, 1.38), figure(measure.VAULT, 3.29), figure(measure.COLD, 9), figure("a peer", 9)]

    assert limits.slower(figures, released) == ["hit: 1.38 of the time of python -c pass, 1.25 in the last release"]
    assert limits.slower([figure(measure.HIT, 0.5)], released) == []


def test_a_case_that_was_not_measured_misses_its_limit() -> None:
    """A machine without Secret Service must not look like one that is fast with it."""
    assert limits.missed([], {measure.VAULT}) == ["hit, Secret Service: not measured"]


def test_a_case_without_limit_never_misses_one() -> None:
    """Peers are only shown."""
    assert limits.missed([figure("a peer", 1_000, 1_000)], {"a peer"}) == []


def test_the_table_shows_ratios_and_limits() -> None:
    """In Markdown; a case that others are compared with has no ratio."""
    rows = rendering.table([Figures(case(measure.BARE), tuple(taking(0.015)), 1, 1), figure(measure.HIT, 1.234, 1.1)])

    assert rows.splitlines()[2:] == [
        "| python -c pass | 15 ms | 8 ms | 1.0 MiB |  |  |  |",
        "| hit | 20 ms | 10 ms | 1.0 MiB | python -c pass | 1.23 (≤ 1.5) | 1.10 (≤ 1.3) |",
    ]


def test_the_chart_has_a_bar_for_each_ratio_and_a_stroke_for_each_limit() -> None:
    """The SVG is well-formed with any peer's name, and the bars are as long as their ratios."""
    figures = [Figures(case(measure.BARE), tuple(taking(1)), 1, 1), figure(measure.HIT, 1), figure('<&" peer', 4)]

    drawn = ET.fromstring(rendering.chart(figures))  # noqa: S314  our own

    svg = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawn.iter(f"{svg}text")]
    assert texts == ["hit", "1.00 of python -c pass", '<&" peer', "4.00 of python -c pass"]
    _background, short, long = (float(bar.attrib["width"]) for bar in drawn.iter(f"{svg}rect"))
    assert long == 4 * short
    assert len([path for path in drawn.iter(f"{svg}path") if path.attrib["stroke"] == "#c33"]) == 1


@pytest.mark.parametrize("name", limits.LIMITS)
def test_every_limit_has_a_case(name: str) -> None:
    """A limit of a case that does not exist would never be missed."""
    assert name in {value for value in vars(measure).values() if isinstance(value, str)}
    assert limits.LIMITS[name].time >= Limit(1).time


def served(took: list[list[float]], *, exchanges: int = 1, memory_mib: tuple[float, float] = (50, 51)) -> serve.Figures:
    """Seconds of answers, with a renewal in the last one."""
    renewing = [False] * (len(took) - 1) + [True]
    return serve.Figures(took, renewing, failed=0, lifetimes=1, exchanges=exchanges, memory_mib=memory_mib)


def test_the_figures_of_serve_are_those_of_all_seconds_and_of_those_with_a_renewal() -> None:
    """A renewal that hurts must not vanish in the crowd."""
    figures = served([[1.0] * 9_960, [50.0] * 40])

    assert figures.rate == 5_000
    assert figures.p(50, while_renewing=False) == 1
    assert figures.p(99, while_renewing=True) == 50
    assert serve.missed(figures) == ["p99 in a renewal is 50.0 ms"]
    assert "| answers a second | 5,000 (≥ 5,000) |" in serve.table(figures)


def test_each_limit_of_serve_is_missed_by_its_name() -> None:
    figures = served([[30.0] * 100, [30.0] * 100], exchanges=2, memory_mib=(50, 60))

    assert serve.missed(figures) == [
        "100 answers a second",
        "p99 is 30.0 ms",
        "p99 in a renewal is 30.0 ms",
        "2 exchanges for 1 lifetimes",
        "memory grew by 10.0 MiB",
    ]
