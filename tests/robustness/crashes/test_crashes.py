"""Some of the system calls at which a process is harmed; `python -m robustness --thorough` harms it at every one."""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence

import pytest
from fakes import session_keys
from fakes.places import needs

from robustness.crashes.harms import FULL_DISK, FULL_QUOTA, KILL
from robustness.crashes.scenarios import ANSWERS, FORGETS_REMOVED, SCENARIOS, Trial, Verdict, judged, trials
from robustness.crashes.warm import Program, warm_program
from robustness.sandbox import Sandboxes

_WITHOUT_ROTATION = "renewal without rotation, only a vault that splits"
_SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    _require_ptrace()
    session_keys.clear()  # keys of other tests would be dropped first where there is no room
    with warm_program() as started:
        yield started


def _require_ptrace(kind: str = KILL) -> None:
    """Skip the test without ptrace; a new process looks, since a tracer must have no threads."""
    words = "import sys; from robustness.crashes import tracing; print(tracing.obstacle(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", words, kind], env={"PYTHONPATH": "tests"}, capture_output=True, text=True, check=True
    )
    needs(not done.stdout.strip(), done.stdout.strip())


def harmed(trials_: Iterable[Trial], program: Program, sandboxes: Sandboxes) -> list[Verdict]:
    return [verdict for trial in trials_ if (verdict := judged(trial, program, sandboxes))]


def sample(every_trial: Sequence[Trial], every: int) -> list[Trial]:
    """Some of the trials, and those at the first call after a record came into the vault."""
    calls = {trial.harm.at: trial.call for trial in every_trial}
    return [
        trial
        for number, trial in enumerate(every_trial, every // 2 + 1)
        if number % every == 0 or (trial.then == FORGETS_REMOVED and _fills_the_vault(calls.get(trial.harm.at - 1, "")))
    ]


def _fills_the_vault(call: str) -> bool:
    return call.startswith("rename") and call.endswith("keyring.json")


def test_the_sample_holds_the_moment_between_a_record_and_its_name(sandboxes: Sandboxes) -> None:
    """Seen: the record went before its note in the index, and the sample of kill -9 stayed green."""
    _require_ptrace()
    with warm_program("a record is written before its name") as program:
        chosen = sample(trials(_SCENARIOS["cold fetch"], program, sandboxes), 101)
        verdicts = harmed([trial for trial in chosen if trial.then == FORGETS_REMOVED], program, sandboxes)

    assert any(verdict.problems for verdict in verdicts)


@pytest.mark.parametrize(
    ("name", "every"),
    [
        ("cold fetch", 101),
        ("renewal", 71),
        ("logout", 83),
        (_WITHOUT_ROTATION, 97),
        ("renewal at the provider", 89),
    ],
)
def test_kill_9_loses_nothing(name: str, every: int, program: Program, sandboxes: Sandboxes) -> None:
    """The next call answers, or says that a proof was sent before and what to do; after logout no secret is left."""
    verdicts = harmed(sample(trials(_SCENARIOS[name], program, sandboxes), every), program, sandboxes)

    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.problems] == []


@pytest.mark.parametrize(
    ("kind", "name", "every"),
    [(FULL_DISK, "cold fetch", 29), (FULL_DISK, "logout", 19), (FULL_QUOTA, "cold fetch, no vault", 7)],
)
def test_a_full_disk_or_keyring_loses_nothing(
    kind: str, name: str, every: int, program: Program, sandboxes: Sandboxes
) -> None:
    """The command answers, or says what it could not delete; once there is room again, all works."""
    _require_ptrace(kind)
    verdicts = harmed(trials(_SCENARIOS[name], program, sandboxes, kind)[every // 2 :: every], program, sandboxes)

    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.problems] == []


@pytest.mark.parametrize(
    ("mutation", "kind", "name", "call", "then"),
    [
        ("the index is written in place", KILL, "cold fetch", "write", FORGETS_REMOVED),
        ("the header goes before the parts", KILL, _WITHOUT_ROTATION, "rename", ANSWERS),
        ("a record is written before its name", KILL, "cold fetch, a vault that splits", "openat", FORGETS_REMOVED),
        ("the keyring is not listed", FULL_DISK, "cold fetch", "mkdir", FORGETS_REMOVED),
        ("an answer must be kept", FULL_QUOTA, "cold fetch, no vault", "add_key", ANSWERS),
    ],
    ids=["in place", "header first", "record first", "not listed", "must be kept"],
)
def test_a_mutation_is_found(mutation: str, kind: str, name: str, call: str, then: str, sandboxes: Sandboxes) -> None:
    """The harness notices code that writes in another order, or that cannot answer without writing."""
    _require_ptrace(kind)
    with warm_program(mutation) as program:
        every = trials(_SCENARIOS[name], program, sandboxes, kind)
        promising = [trial for trial in every if trial.then == then and trial.call.startswith(call)]
        middle = len(promising) // 2  # about where records are written
        ordered = promising[middle:] + promising[:middle]
        verdicts = (verdict for trial in ordered if (verdict := judged(trial, program, sandboxes)))

        assert any(verdict.problems for verdict in verdicts)
