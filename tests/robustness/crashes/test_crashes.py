"""Some of the places where a process can be killed; `python -m robustness --thorough` kills at every one."""

import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest
from fakes.places import needs

from robustness.crashes.scenarios import ANSWERS, FORGETS_REMOVED, SCENARIOS, Trial, Verdict, judged, trials
from robustness.crashes.warm import Warm, warm
from robustness.ground import Grounds

_SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture(scope="module")
def program() -> Iterator[Warm]:
    _require_ptrace()
    with warm() as started:
        yield started


def _require_ptrace() -> None:
    """Ask in a process of its own: the tracer must have no threads, and the test run has some."""
    words = "from robustness.crashes import tracing; print(tracing.obstacle())"
    done = subprocess.run(
        [sys.executable, "-c", words], env={"PYTHONPATH": "tests"}, capture_output=True, text=True, check=True
    )
    needs(not done.stdout.strip(), done.stdout.strip())


def killed(trials_: Iterable[Trial], program: Warm, grounds: Grounds) -> list[Verdict]:
    return [verdict for trial in trials_ if (verdict := judged(trial, program, grounds))]


@pytest.mark.parametrize(
    ("name", "every"),
    [
        ("cold fetch", 101),
        ("renewal", 71),
        ("logout", 83),
        ("renewal without rotation, only a vault that splits", 97),
        ("renewal at the provider", 89),
    ],
)
def test_kill_9_loses_nothing(name: str, every: int, program: Warm, grounds: Grounds) -> None:
    """The next call answers, or says that a proof was sent and what to do; after logout nothing is left anywhere."""
    verdicts = killed(trials(_SCENARIOS[name], program, grounds)[every // 2 :: every], program, grounds)

    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.problems] == []


@pytest.mark.parametrize(
    ("mutation", "name", "call", "then"),
    [
        ("the index is written in place", "cold fetch", "write", FORGETS_REMOVED),
        ("the header goes before the parts", "renewal without rotation, only a vault that splits", "rename", ANSWERS),
        ("a record is written before its name", "cold fetch", "keyctl 9", FORGETS_REMOVED),
    ],
)
def test_a_writer_that_tears_is_found(mutation: str, name: str, call: str, then: str, grounds: Grounds) -> None:
    """The harness sees what a kill does to code that writes in another order."""
    _require_ptrace()
    with warm(mutation) as program:
        every = trials(_SCENARIOS[name], program, grounds)
        promising = [trial for trial in every if trial.then == then and trial.call.startswith(call)]
        middle = len(promising) // 2  # where records are being written
        ordered = promising[middle:] + promising[:middle]
        verdicts = (verdict for trial in ordered if (verdict := judged(trial, program, grounds)))

        assert any(verdict.problems for verdict in verdicts)
