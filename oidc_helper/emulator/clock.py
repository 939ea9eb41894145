"""The emulator's clock, which tests advance instead of sleeping."""

import time


class Clock:
    """Calling it gives the time by which tokens, codes and credentials expire; `wall()` the time for signatures."""

    def __init__(self) -> None:
        self._advanced_s = 0.0
        self._skewed_s = 0.0

    def __call__(self) -> float:
        """Epoch seconds."""
        return self.wall() + self._advanced_s

    def wall(self) -> float:
        """Epoch seconds for the Date header and for checking the dates of signatures.

        `advance` does not change it: callers sign with the real time, so every call would be refused.
        """
        return time.time() + self._skewed_s

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass for everything that expires."""
        self._advanced_s += seconds

    def skew(self, seconds: float) -> None:
        """Set the services' clock that many seconds ahead of the caller's."""
        self._skewed_s = seconds
