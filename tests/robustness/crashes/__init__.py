"""kill -9 before every system call that changes anything, and no room left from every one on that takes some."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from robustness.crashes.harms import HARMS
from robustness.crashes.scenarios import SCENARIOS, Scenario, Trial, Verdict, judged, trials
from robustness.crashes.warm import Warm, warm
from robustness.ground import Grounds

_EVERY = 12  # of the calls, where not all are asked for


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """What befell what, how often, and after how many of those something was wrong; each as it is known."""
    fresh = multiprocessing.get_context("spawn")  # who traces must have no threads, and so must be nobody's fork
    with (
        tempfile.TemporaryDirectory(prefix="crashes-") as directory,
        ProcessPoolExecutor(mp_context=fresh, initializer=_Worker.begin, initargs=(directory,)) as pool,
    ):
        for kind in HARMS:
            for scenario in SCENARIOS:
                chosen = pool.submit(_Worker.trials, scenario, kind).result()[:: 1 if thorough else _EVERY]
                verdicts = [verdict for verdict in pool.map(_Worker.judged, chosen) if verdict]
                wrong = [verdict for verdict in verdicts if verdict.problems]
                for verdict in wrong:
                    print(verdict, flush=True)
                if verdicts:
                    yield f"{kind} in a {scenario.name}", len(verdicts), len(wrong)


class _Worker:
    """One of the processes that the trials are shared among; a program that is traced belongs to each."""

    open = ExitStack()  # until the process ends
    program: Warm
    grounds: Grounds

    @classmethod
    def begin(cls, directory: str) -> None:
        own = Path(directory, str(os.getpid()))
        own.mkdir()
        cls.program, cls.grounds = cls.open.enter_context(warm()), Grounds(own)

    @classmethod
    def trials(cls, scenario: Scenario, kind: str) -> list[Trial]:
        return trials(scenario, cls.program, cls.grounds, kind)

    @classmethod
    def judged(cls, trial: Trial) -> Verdict | None:
        return judged(trial, cls.program, cls.grounds)
