"""Runs commands in `program`, which has its libraries loaded, and lets harms happen to them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from homes import Home

from robustness.crashes.harms import Harm

LOCKER = "ROBUSTNESS_CREDENTIAL_LOCKER"  # the file of a stand-in for Windows' vault, which takes long texts in parts
_TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """A command that has ended: its calls that change anything, the programs it started, and its output.

    If it was killed, its last call was not made.
    """

    killed: bool
    calls: list[str]
    started: list[str]
    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Program:
    """The running program, which waits for orders."""

    process: "subprocess.Popen[str]"

    def run(self, home: Home, *words: str, harm: Harm | None = None) -> Run:
        """Run a command in a home, to its end or until the harm kills it."""
        order = {
            "words": words,
            "home": str(home.path),
            "environment": home.environment,
            "harm": harm and asdict(harm),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return Run(**json.loads(self.process.stdout.readline()))


@contextmanager
def warm_program(*mutations: str) -> Iterator[Program]:
    """Start the program with these mutations; it ends with the block."""
    words = [sys.executable, "-m", "robustness.crashes.program", *mutations]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield Program(process)
        process.kill()
