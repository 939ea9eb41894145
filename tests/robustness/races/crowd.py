"""Many commands in one home at once, while their scheduling is disturbed."""

import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from homes import Home

Done = subprocess.CompletedProcess[str]

_LONGEST_PAUSE_S = 0.05
_SLOWEST_ANSWER_S = 0.3


@dataclass
class Crowd:
    """The processes of one round; `seed` decides which are stopped, slowed down and kept to one processor."""

    size: int
    seed: int
    started: int = 0

    @cached_property
    def random(self) -> random.Random:
        return random.Random(self.seed)  # noqa: S311  # chance, not secrets

    def delays(self, number: int) -> list[float]:
        """Random delays for answers, in seconds."""
        return [self.random.uniform(0, _SLOWEST_ANSWER_S) for _ in range(number)]

    def rush(self, home: Home, commands: Sequence[Sequence[str]]) -> list[Done]:
        """Start all commands in random order and wait for them; the results have the order of `commands`."""
        order = self.random.sample(range(len(commands)), len(commands))
        processes: dict[int, subprocess.Popen[str]] = {}
        with self._shaken(processes):
            for number in order:
                processes[number] = home.start(*commands[number])
            outputs = {number: process.communicate() for number, process in processes.items()}
        self.started += len(commands)
        return [
            Done(commands[number], processes[number].returncode, *outputs[number]) for number in range(len(commands))
        ]

    @contextmanager
    def _shaken(self, processes: dict[int, "subprocess.Popen[str]"]) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._shake, args=(processes, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            for process in processes.values():
                with process:
                    process.kill()

    def _shake(self, processes: dict[int, "subprocess.Popen[str]"], over: threading.Event) -> None:
        """Stop a random process for a moment, again and again; sooner or later it holds a lock."""
        processors = sorted(os.sched_getaffinity(0))
        slowed: set[int] = set()
        while not over.wait(self.random.uniform(0, _LONGEST_PAUSE_S)):
            running = [(number, process) for number, process in list(processes.items()) if process.returncode is None]
            if not running:
                continue
            number, process = self.random.choice(running)
            with suppress(ProcessLookupError, PermissionError):
                if number not in slowed:
                    slowed.add(number)
                    os.setpriority(os.PRIO_PROCESS, process.pid, self.random.randrange(20))
                    if self.random.random() < 0.5:
                        os.sched_setaffinity(process.pid, {self.random.choice(processors)})
                process.send_signal(signal.SIGSTOP)
                over.wait(self.random.uniform(0, _LONGEST_PAUSE_S))
                process.send_signal(signal.SIGCONT)
