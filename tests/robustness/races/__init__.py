"""A hundred processes at once, in an order that nobody chose."""

import secrets
import tempfile
from pathlib import Path

from robustness.ground import Grounds
from robustness.races.crowd import Crowd
from robustness.races.scenarios import RACES, problems

_THOROUGH, _SMALL = 100, 10


def figures(*, thorough: bool) -> list[tuple[str, int, int]]:
    """What was raced, by how many processes, and how many things were wrong."""
    found = []
    with tempfile.TemporaryDirectory(prefix="races-") as directory:
        grounds = Grounds(Path(directory))
        for name, race in RACES.items():
            crowd = Crowd(_THOROUGH if thorough else _SMALL, seed=secrets.randbelow(2**32))
            with grounds.new() as ground:
                wrong = problems(race, ground, crowd)
            for problem in wrong:
                print(f"{name} (seed {crowd.seed}): {problem}")
            found.append((f"processes racing: {name}", crowd.started, len(wrong)))
    return found
