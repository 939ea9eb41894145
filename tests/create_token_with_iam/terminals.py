"""The command at a terminal of its own: a pseudo-terminal that the test reads and types at."""

import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from create_token_with_iam.runs import COMMAND

# A terminal becomes the controlling one of a new session when the session's leader asks for it.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'oidc_helper', *sys.argv[2:]])"
)
_PATIENCE_S = 30


@dataclass
class AtTerminal:
    """A running command; `seen` is the text that its terminal has shown so far."""

    process: "subprocess.Popen[bytes]"
    descriptor: int
    seen: str = ""
    _answered: int = field(default=0, init=False)

    def answer(self, question: str, text: str) -> None:
        """Type a line once the question is shown and the terminal echoes nothing; a question counts once."""
        self._wait(lambda: question in self.seen[self._answered :])
        self._answered = len(self.seen)
        until = time.monotonic() + _PATIENCE_S
        while termios.tcgetattr(self.descriptor)[3] & termios.ECHO:
            assert time.monotonic() < until, "the terminal still echoes"
            os.sched_yield()
        os.write(self.descriptor, text.encode() + b"\n")

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code, and standard output if it is not the terminal."""
        self._wait(lambda: False)
        stdout = self.process.stdout.read().decode() if self.process.stdout else ""
        return self.process.wait(), stdout

    def _wait(self, done: Callable[[], bool]) -> None:
        """Read until `done`, or until the other end is closed."""
        until = time.monotonic() + _PATIENCE_S
        while not done():
            ready = select.select([self.descriptor], [], [], until - time.monotonic())[0]
            assert ready, f"nothing more came after {self.seen!r}"
            try:
                read = os.read(self.descriptor, 65_536)
            except OSError:  # EIO: the command has closed the terminal
                return
            self.seen += read.decode().replace("\r\n", "\n")


@contextmanager
def terminal(
    *words: str, environment: Mapping[str, str], directory: Path, shows_answer: bool = True
) -> Iterator[AtTerminal]:
    """Start the command; with `shows_answer` the terminal is its standard output, too."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, str(theirs), COMMAND, *words],
        env=environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=theirs if shows_answer else subprocess.PIPE,
        stderr=subprocess.DEVNULL if shows_answer else theirs,
        pass_fds=[theirs],
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield AtTerminal(process, ours)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
