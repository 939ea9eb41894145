"""`PYTHONPATH=tests python -m benchmarks`: the cost of hits and cold fetches, as ratios to other commands."""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks import installation, lifetimes, limits, measure, rendering
from benchmarks.launcher import Failed, Launcher
from benchmarks.measure import Case, Figures
from benchmarks.site import Command, Site, site
from fakes.secret_service import SecretService, missing_programs, private_secret_service

from oidc_helper import kernel


def main() -> None:
    options = _arguments()
    with suppress(OSError):
        kernel.join_anonymous_session()
    try:
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory:
            figures = _figures(Path(directory), options)
    except Failed as failure:
        sys.exit(f"benchmarks: {failure}")
    print(rendering.table(figures))
    if options.json:
        options.json.write_text(rendering.as_json(figures))
    if options.chart:
        options.chart.write_text(rendering.chart(figures))
    if options.ratios:
        options.ratios.write_text(rendering.ratios(figures))
    complaints = limits.missed(figures, _expected(options)) if options.check else []
    if options.against:
        complaints += limits.slower(figures, json.loads(options.against.read_text()))
    if complaints:
        sys.exit("\n".join(f"benchmarks: {line}" for line in complaints))


def _figures(directory: Path, options: argparse.Namespace) -> list[Figures]:
    installed = installation.WAYS[options.install](directory)
    with site(directory, installed) as here, _secret_service() as service, Launcher() as launcher:
        groups = [(_singles(here, service, options.peer), options.rounds)]
        if installed is installation.HERE:
            desktop = measure.on_desktop(here, service) if service else here
            groups += [(measure.colds(desktop), max(5, options.rounds // 2)), (measure.crowds(desktop), 5)]
        figures = []
        for cases, number in groups:
            figures += measure.figures(cases, measure.measured(cases, launcher, rounds=number))
        if options.lifetimes:
            figures += lifetimes.over(directory, launcher, lifetimes=options.lifetimes)
    return figures


@contextmanager
def _secret_service() -> Iterator[SecretService | None]:
    if missing := missing_programs():
        print(f"left out: {measure.VAULT} needs {' and '.join(missing)}", file=sys.stderr)
        yield None
    else:
        with private_secret_service() as service:
            yield service


def _singles(here: Site, service: SecretService | None, peer: str | None) -> list[Case]:
    cases = measure.hits(here)
    if peer:
        cases.append(Case(peer, measure.BARE, lambda: Command(shlex.split(peer), here.environment)))
    if not kernel.available():
        print("left out: hits without a vault need the kernel keyring", file=sys.stderr)
    return cases + (measure.vault_hits(here, service) if service else [])


def _expected(options: argparse.Namespace) -> set[str]:
    """The cases that this run has to measure."""
    left_out = set() if options.lifetimes else {measure.SLOWEST}
    if options.install != "here":
        left_out |= {measure.COLD, measure.HIT_CROWD}
    return set(limits.LIMITS) - left_out


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="runs of each hit (cold fetches: half of it, crowds: 5)")
    parser.add_argument("--peer", metavar="CMD", help="another command to compare with the bare interpreter")
    parser.add_argument(
        "--install", choices=installation.WAYS, default="here", help="measure the hits of the built wheel"
    )
    parser.add_argument("--lifetimes", type=int, default=0, metavar="N", help="and call every second, 35 s each")
    parser.add_argument("--check", action="store_true", help="fail where a figure is over its limit")
    parser.add_argument("--ratios", type=Path, metavar="FILE", help="write the ratio of each case there")
    parser.add_argument("--against", type=Path, metavar="FILE", help="fail where such a ratio has grown by a tenth")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw the ratios there")
    return parser.parse_args()


main()
