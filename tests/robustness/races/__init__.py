"""A hundred processes at once, in an order that nobody chose, and then fewer, again and again in others."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from robustness.ground import Grounds
from robustness.races.crowd import Crowd
from robustness.races.scenarios import RACES, problems

_THOROUGH, _SMALL = (100, *[20] * 5), (10,)  # processes, in one round after the other


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """What was raced, by how many processes, and how many things were wrong; each as it is known."""
    with tempfile.TemporaryDirectory(prefix="races-") as directory:
        grounds = Grounds(Path(directory))
        for name, race in RACES.items():
            started = wrong = 0
            for size in _THOROUGH if thorough else _SMALL:
                crowd = Crowd(size, seed=secrets.randbelow(2**32))
                with grounds.new() as ground:
                    found = problems(race, ground, crowd)
                for problem in found:
                    print(f"{name} ({size} processes, seed {crowd.seed}): {problem}", flush=True)
                started += crowd.started
                wrong += len(found)
            yield f"processes racing: {name}", started, wrong
