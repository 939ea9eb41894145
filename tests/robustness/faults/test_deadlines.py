"""Commands whose work hangs where no library has a timeout: their own deadline ends them.

A command that hangs is a failure here, never a test that hangs.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from homes import Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"
DEADLINE_S = 5
_COMMANDS = (("get", "analytics"), ("get", "--refresh", "analytics"), ("token", "analytics"), ("login", "analytics"))
_DEAD_DISK = """
import pathlib, threading
_open = pathlib.Path.open
def _hang(path, *words, **more):
    if path.name == "token":
        threading.Event().wait()
    return _open(path, *words, **more)
pathlib.Path.open = _hang
"""
# What each removal takes away; none of them may go unnoticed.
REMOVALS = {
    "get without its outer deadline": """
from oidc_helper.cli import wiring
class Boundless(wiring.Deadline):
    def run(self, work):
        return work()
wiring.Deadline = Boundless
""",
    "no deadline at all": """
from oidc_helper.machine.deadline import Deadline
Deadline.run = lambda self, work: work()
Deadline.left = lambda self: 10**6
""",
}


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator, defaults=f"deadline_seconds = {DEADLINE_S}"))
    home.write_token(emulator.mint(ALICE))
    return home


@contextmanager
def started(home: Home, before: str, *commands: Sequence[str]) -> Iterator[list["subprocess.Popen[str]"]]:
    """Commands that run at once, after the statements; none outlives the block."""
    script = f"{before}\nfrom oidc_helper.hotpath import main\nmain()"
    with ExitStack() as stack:
        processes = []
        for words in commands:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *words],
                env=home.environment,
                cwd=home.path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            processes.append(process)
        yield processes


def told(process: "subprocess.Popen[str]", *, within_s: float) -> str:
    """What a command says that ends by itself; AssertionError where it does not."""
    try:
        _, stderr = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"still running after {within_s} s: {process.args!r}") from None
    assert process.returncode == 4
    return stderr


def test_a_command_is_done_within_its_deadline_wherever_it_hangs(ready: Home) -> None:
    """The file of the identity lies on a disk that does not answer: no timeout of a library ends that."""
    with started(ready, _DEAD_DISK, *_COMMANDS) as processes:
        messages = [told(process, within_s=60) for process in processes]

    assert any(f"not done within {DEADLINE_S} s" in message for message in messages)  # the others wait for it


@pytest.mark.parametrize("removal", REMOVALS)
def test_the_removal_of_a_deadline_is_noticed(ready: Home, removal: str) -> None:
    """Seen: one of them went unnoticed, and the other left the tests hanging."""
    one = started(ready, _DEAD_DISK + REMOVALS[removal], _COMMANDS[0])
    with one as (process,), pytest.raises(AssertionError, match="still running"):
        told(process, within_s=DEADLINE_S + 10)
