"""`PYTHONPATH=tests python -m benchmarks`: what a hit, a cold fetch and a hundred of them cost, and against what."""

import argparse
import shlex
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from benchmarks import measure, rendering
from benchmarks.launcher import Failed, Launcher
from benchmarks.measure import Case, Figures
from benchmarks.site import Command, Site, site
from fakes.secret_service import missing_programs, private_secret_service

from oidc_helper import kernel


def main() -> None:
    options = _arguments()
    with suppress(OSError):
        kernel.join_anonymous_session()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory, site(Path(directory)) as place:
        try:
            found = _all(place, options.rounds, options.peer)
        except Failed as failure:
            sys.exit(f"benchmarks: {failure}")
    print(rendering.table(found))
    if options.json:
        options.json.write_text(rendering.as_json(found))
    if options.chart:
        options.chart.write_text(rendering.chart(found))


def _all(place: Site, rounds: int, peer: str | None) -> list[Figures]:
    with Launcher() as launcher:
        found = _singles(place, launcher, rounds, peer)
        groups = ((measure.colds(place), max(3, rounds // 3)), (measure.crowds(place), max(3, rounds // 10)))
        for cases, number in groups:
            found += measure.figures(cases, measure.measured(cases, launcher, rounds=number))
    return found


def _singles(place: Site, launcher: Launcher, rounds: int, peer: str | None) -> list[Figures]:
    cases = measure.hits(place)
    if peer:
        cases.append(Case(peer, measure.BARE, lambda: Command(shlex.split(peer), place.environment)))
    if not kernel.available():
        print("left out: hits without a vault need the kernel keyring", file=sys.stderr)
    if missing := missing_programs():
        print(f"left out: {measure.VAULT} needs {' and '.join(missing)}", file=sys.stderr)
        return measure.figures(cases, measure.measured(cases, launcher, rounds=rounds))
    with private_secret_service() as service:
        cases += measure.vault_hits(place, service)
        return measure.figures(cases, measure.measured(cases, launcher, rounds=rounds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="runs of each (cold: a third, crowds: a tenth)")
    parser.add_argument("--peer", metavar="CMD", help="another command to hold against the bare interpreter")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw the ratios there")
    return parser.parse_args()


main()
