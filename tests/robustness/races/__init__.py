"""Races: many processes at once, in a random order, in several rounds."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from robustness.races.crowd import Crowd
from robustness.races.scenarios import RACES, problems
from robustness.sandbox import Sandboxes

_THOROUGH, _SMALL = (100, *[20] * 5), (10,)  # processes in each round


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """For each race: its name, the number of processes, and the number of problems; yielded as soon as known."""
    with tempfile.TemporaryDirectory(prefix="races-") as directory:
        sandboxes = Sandboxes(Path(directory))
        for name, race in RACES.items():
            started = wrong = 0
            for size in _THOROUGH if thorough else _SMALL:
                crowd = Crowd(size, seed=secrets.randbelow(2**32))
                with sandboxes.new() as sandbox:
                    race_problems = problems(race, sandbox, crowd)
                for problem in race_problems:
                    print(f"{name} ({size} processes, seed {crowd.seed}): {problem}", flush=True)
                started += crowd.started
                wrong += len(race_problems)
            yield f"processes racing: {name}", started, wrong
