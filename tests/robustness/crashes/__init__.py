"""kill -9 before every system call that changes anything."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from robustness.crashes.scenarios import SCENARIOS, judged, trials
from robustness.crashes.warm import warm
from robustness.ground import Grounds

_EVERY = 12  # of the kill points, where not all are asked for


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """What was killed, how often, and after how many of those something was wrong; each as it is known."""
    with tempfile.TemporaryDirectory(prefix="crashes-") as directory, warm() as program:
        grounds = Grounds(Path(directory))
        for scenario in SCENARIOS:
            chosen = trials(scenario, program, grounds)[:: 1 if thorough else _EVERY]
            verdicts = [verdict for trial in chosen if (verdict := judged(trial, program, grounds))]
            wrong = [verdict for verdict in verdicts if verdict.problems]
            for verdict in wrong:
                print(verdict, flush=True)
            yield f"kill -9 in a {scenario.name}", len(verdicts), len(wrong)
