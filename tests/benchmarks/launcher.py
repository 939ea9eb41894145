"""Starts processes and measures their cost, from a process so small that it does not distort the figures.

Linux counts the parent's memory at the moment of exec as the child's own peak (exec_mmap in fs/exec.c): a parent with
pytest or a server in it would hide everything below that.
"""

import marshal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

# With built-in modules only. The standard streams lead to /dev/null: reading a pipe would cost time too.
_PROGRAM = """
import marshal, posix, sys, time
streams = [(posix.POSIX_SPAWN_OPEN, number, "/dev/null", posix.O_RDWR, 0) for number in range(3)]
try:
    while True:
        words, environment, number = marshal.load(sys.stdin.buffer)
        began = time.perf_counter()
        for _ in range(number):
            posix.posix_spawnp(words[0], words, environment, file_actions=streams)
        ended = [posix.wait4(-1, 0) for _ in range(number)]
        wall_s = time.perf_counter() - began
        failed = sum(status != 0 for _, status, _ in ended)
        cpu_s = sum(used.ru_utime + used.ru_stime for _, _, used in ended)
        marshal.dump((failed, wall_s, cpu_s, max(used.ru_maxrss for _, _, used in ended)), sys.stdout.buffer)
        sys.stdout.buffer.flush()
except EOFError:
    pass
"""


@dataclass(frozen=True)
class Cost:
    """The time from start to end, the processor time of all processes, and the largest peak of memory."""

    wall_s: float
    cpu_s: float
    peak_kib: int


class Failed(Exception):  # noqa: N818  a process failed
    """A measured process has failed; the message has its stderr."""


class Launcher:
    """The small process; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._pipes()[0].close()

    def cost(self, words: Sequence[str], environment: Mapping[str, str], *, number: int = 1) -> Cost:
        """The cost of `number` processes at once. Raises Failed."""
        requests, answers = self._pipes()
        marshal.dump((list(words), dict(environment), number), requests)
        requests.flush()
        failed, wall_s, cpu_s, peak_kib = marshal.load(answers)  # noqa: S302  our own process wrote it
        if failed:
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
            raise Failed(f"{failed} of {number} failed: {words}: {done.stderr}")
        return Cost(wall_s, cpu_s, peak_kib)

    def _pipes(self) -> tuple[Any, Any]:
        return self._process.stdin, self._process.stdout
