"""What a user waits for, as ratios to something measured in the same run.

Held to the bounds is processor time, not time on the clock: tests that run beside these make every process wait, but do
not make it work more. Of a few runs in turns the least counts, since noise only adds.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from benchmarks import measure
from benchmarks.launcher import Cost, Launcher
from benchmarks.measure import Case
from benchmarks.rendering import as_json, chart, table
from benchmarks.site import Site, site
from fakes.places import needs
from fakes.secret_service import missing_programs, private_secret_service

from oidc_helper import kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts as Linux counts")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as started:
        yield started


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    with Launcher() as started:
        yield started


def least(runs: Sequence[Cost]) -> Cost:
    """The least of each figure."""
    return Cost(min(run.wall_s for run in runs), min(run.cpu_s for run in runs), int(min(run.peak_kib for run in runs)))


def compared(cases: Sequence[Case], launcher: Launcher, *, rounds: int) -> dict[str, tuple[float, float]]:
    """Processor time and peak memory of each case as ratios to what it is held against."""
    runs = {name: least(found) for name, found in measure.measured(cases, launcher, rounds=rounds).items()}
    return {
        case.name: (
            runs[case.name].cpu_s / runs[case.against].cpu_s,
            runs[case.name].peak_kib / runs[case.against].peak_kib,
        )
        for case in cases
    }


def test_a_hit_costs_little_more_than_an_interpreter_however_many_profiles(place: Site, launcher: Launcher) -> None:
    """At most half more time and a third more memory than Python itself, with one profile or a thousand."""
    needs(kernel.available(), "the kernel keyring")
    ratios = compared(measure.hits(place), launcher, rounds=12)

    for name in (measure.HIT, measure.HIT_100, measure.HIT_1000):
        time, memory = ratios[name]
        assert (time <= 1.5, memory <= 1.3) == (True, True), (name, ratios)
    assert ratios[measure.HIT_1000][0] <= 1.2 * ratios[measure.HIT][0]


def test_a_hit_from_the_secret_service_stays_below_a_boto3_client(place: Site, launcher: Launcher) -> None:
    """Where the vault must be read, keyring looks for it first; a boto3 client costs 25 interpreters as well."""
    missing = missing_programs()
    needs(not missing, " and ".join(missing))
    with private_secret_service() as service:
        cases = [Case(measure.BARE, measure.BARE, place.bare), *measure.vault_hits(place, service)]
        ratios = compared(cases, launcher, rounds=4)

    assert ratios[measure.VAULT][0] <= 25


def test_a_cold_fetch_costs_about_as_much_as_a_bare_script(place: Site, launcher: Launcher) -> None:
    """The same three calls in boto3, with nothing locked, kept or checked, are what it is held against."""
    ratios = compared(measure.colds(place), launcher, rounds=4)

    time, memory = ratios[measure.COLD]
    assert (time <= 1.3, memory <= 1.2) == (True, True), ratios


def test_a_crowd_of_hits_costs_little_more_than_one_of_interpreters(place: Site, launcher: Launcher) -> None:
    """Hits do not stand in each other's way: many at once cost as many single ones."""
    needs(kernel.available(), "the kernel keyring")
    cases = [case for case in measure.crowds(place, size=25) if case.name != measure.COLD_CROWD]

    time, memory = compared(cases, launcher, rounds=4)[measure.HIT_CROWD]
    assert (time <= 1.5, memory <= 1.3) == (True, True), (time, memory)


def test_the_figures_of_a_run_are_shown(place: Site, launcher: Launcher) -> None:
    """As a table, as JSON with every run, and as a chart with a bar for each ratio."""
    cases = [Case(measure.BARE, measure.BARE, place.bare), Case("peer <x>", measure.BARE, place.bare)]
    found = measure.figures(cases, measure.measured(cases, launcher, rounds=2))

    assert table(found).count("\n") == 3
    assert f"| {measure.BARE} | {found[1].ratio:.2f} |" in table(found)
    assert as_json(found).count('"wall_s"') == 4
    assert chart(found).count("<text") == 2
    assert "peer &lt;x&gt;" in chart(found)
