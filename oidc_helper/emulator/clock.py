"""The emulator's time, which a test moves instead of sleeping."""

import time


class Clock:
    """`now()` in epoch seconds; what expires goes by it, what is signed goes by `wall()`."""

    def __init__(self) -> None:
        self._advanced_s = 0.0
        self._skewed_s = 0.0

    def __call__(self) -> float:
        """Epoch seconds."""
        return self.wall() + self._advanced_s

    def wall(self) -> float:
        """The time that AWS compares with a signature's date, and tells in the Date header.

        `advance` leaves it alone: callers sign with the true time, and would all be refused for their clocks.
        """
        return time.time() + self._skewed_s

    def advance(self, seconds: float) -> None:
        """Let that much time pass for everything that expires."""
        self._advanced_s += seconds

    def skew(self, seconds: float) -> None:
        """Set AWS's clock that much ahead of the caller's."""
        self._skewed_s = seconds
