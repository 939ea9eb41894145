"""A process at a pseudo-terminal of its own, whose other end is a person's: the test's."""

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
PATIENCE_S = 30
# The leader of a new session has to ask for its controlling terminal.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)\n"
    "os.closerange(3, 64)\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)
_PERSONS = (sys.executable, "-m", "fakes.persons")
_USUAL = {"PYTHONUTF8": "1", "TERM": "xterm"}
ASCII = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}  # a terminal that shows no QR code


@dataclass
class AtTerminal:
    """A process at a terminal, and the person who sees and types there; `seen` is all that was sent to it."""

    process: "subprocess.Popen[str]"
    descriptor: int
    theirs: int
    before: list[Any]
    seen: str = ""

    @property
    def screen(self) -> str:
        """The lines on the screen; those that were taken back are gone."""
        lines = self.seen.replace("\r\n", "\n").split("\n")
        return "\n".join(line.rpartition("\r")[2] for line in lines)

    @property
    def unread(self) -> int:
        """How many characters would be the shell's."""
        (number,) = struct.unpack("i", fcntl.ioctl(self.theirs, termios.FIONREAD, b"\0" * 4))
        return int(number)

    def see(self, *words: str) -> None:
        """Wait until the screen shows each of the words, in this order."""
        pattern = re.compile(".*?".join(map(re.escape, words)), re.DOTALL)
        self._wait(lambda: pattern.search(self.screen) is not None, words)

    def type(self, text: str) -> None:
        """Hit keys, once the process reads them one by one."""
        self._wait(lambda: not termios.tcgetattr(self.descriptor)[3] & termios.ICANON, "a question")
        data = text.encode()
        while data:
            data = data[os.write(self.descriptor, data[:1_000]) :]
            self._read(0)

    def interrupt(self) -> None:
        """Hit ctrl-c, whether or not the process reads the keyboard."""
        os.write(self.descriptor, b"\x03")

    def tick(self) -> None:
        """Wake the process from its sleep."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def outcome(self) -> Any:
        """The outcome that one of `fakes.persons` prints."""
        done = self.ended()
        assert done.stderr == ""
        return json.loads(done.stdout)

    def ended(self) -> "subprocess.CompletedProcess[str]":
        """Wait for the end of the process; the terminal must be as it was before."""
        self._wait(lambda: self.process.poll() is not None, "the end")
        stdout, stderr = self.process.communicate()
        self._read(0)
        assert termios.tcgetattr(self.descriptor) == self.before
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, stdout, stderr)

    def _wait(self, done: Callable[[], bool], what: object) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < until, f"no {what} in {self.seen!r}"
            self._read(0.02)

    def _read(self, timeout_s: float) -> None:
        while select.select([self.descriptor], [], [], timeout_s)[0]:
            try:
                self.seen += os.read(self.descriptor, 65_536).decode()
            except OSError:  # EIO: nobody has the terminal open any more
                return
            timeout_s = 0


@contextmanager
def terminal(*words: str, columns: int = 200, variables: Mapping[str, str] | None = None) -> Iterator[AtTerminal]:
    """Start one of `fakes.persons` at a terminal, while its standard streams lead elsewhere."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), **_USUAL, **(variables or {})}
    with at_terminal([*_PERSONS, *words], environment, columns=columns) as started:
        yield started


@contextmanager
def at_terminal(
    words: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    columns: int = 100,
    directory: Path | None = None,
    prints_there: bool = False,
) -> Iterator[AtTerminal]:
    """Start any program, by its whole path, at a terminal; with `prints_there`, its output goes to it too."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (50, columns))
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, str(theirs), *words],
        env={**_USUAL, **environment},
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=theirs if prints_there else subprocess.PIPE,
        stderr=theirs if prints_there else subprocess.PIPE,
        text=True,
        pass_fds=[theirs],
        start_new_session=True,
    )
    try:
        yield AtTerminal(process, ours, theirs, before)
    finally:
        process.kill()
        process.communicate()
        os.close(theirs)
        os.close(ours)
