"""Crashes: kill -9 before every system call that changes anything, or no room left from a system call on."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from robustness.crashes.harms import HARMS
from robustness.crashes.scenarios import SCENARIOS, Scenario, Trial, Verdict, judged, trials
from robustness.crashes.warm import Program, warm_program
from robustness.sandbox import Sandboxes

_EVERY = 12  # of these calls, one is tried unless all are


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """For each harm and scenario: the number of trials, and of those with a problem; yielded as soon as known."""
    fresh = multiprocessing.get_context("spawn")  # a tracer must have no threads, so it must not be a fork
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
    """One of the processes that share the trials; each has a traced program of its own."""

    open = ExitStack()  # until the process ends
    program: Program
    sandboxes: Sandboxes

    @classmethod
    def begin(cls, directory: str) -> None:
        own = Path(directory, str(os.getpid()))
        own.mkdir()
        cls.program, cls.sandboxes = cls.open.enter_context(warm_program()), Sandboxes(own)

    @classmethod
    def trials(cls, scenario: Scenario, kind: str) -> list[Trial]:
        return trials(scenario, cls.program, cls.sandboxes, kind)

    @classmethod
    def judged(cls, trial: Trial) -> Verdict | None:
        return judged(trial, cls.program, cls.sandboxes)
