"""Deadlines: callers kill us (Go after 60 s), and no library's timeouts cover name resolution."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from oidc_helper.errors import TryAgain

_T = TypeVar("_T")

# The kernel may give a signal to any thread, and Python then does not wake the main thread if it waits for a lock.
_TICK_S = 0.2


class DeadlinePassed(TryAgain):
    """The work was not done in time; it goes on in a thread until the process ends."""


class Deadline:
    """The moment by which everything must be done; each wait leaves `rest_s` unused, to report that it failed."""

    def __init__(self, seconds: float, *, rest_s: float = 2) -> None:
        self.seconds = seconds
        self._rest_s = rest_s
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that a single wait may take, never negative."""
        return max(0.0, self._end - self._rest_s - time.monotonic())

    @contextmanager
    def extended(self, seconds: float) -> Iterator[None]:
        """Add seconds for the block, which may ask a person; unused seconds are taken back."""
        began = time.monotonic()
        self._end += seconds
        try:
            yield
        finally:
            self._end -= max(0.0, seconds - (time.monotonic() - began))

    @contextmanager
    def shortened(self, seconds: float) -> Iterator[None]:
        """Give the block at most so many seconds, since it is worth no more; afterwards the deadline is as before."""
        before = self._end
        self._end = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = before

    def run(self, work: Callable[[], _T]) -> _T:
        """Do the work in a thread, which is left behind when time is up. Raises DeadlinePassed."""
        outcome: list[_T] = []
        failure: list[BaseException] = []

        def do() -> None:
            try:
                outcome.append(work())
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                failure.append(error)

        thread = threading.Thread(target=do, daemon=True)
        thread.start()
        while thread.is_alive() and (left_s := self._end - time.monotonic()) > 0:
            thread.join(min(left_s, _TICK_S))
        if failure:
            raise failure[0]
        if not outcome:
            raise DeadlinePassed(
                f"not done within {self.seconds:g} s", "see what is slow with --debug, or raise deadline_seconds"
            )
        return outcome[0]
