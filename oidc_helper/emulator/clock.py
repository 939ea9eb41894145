"""The emulator's clock, which a test advances instead of sleeping."""

import time


class Clock:
    """Call it for the time by which tokens, codes and credentials expire; `wall()` is the time for signatures."""

    def __init__(self) -> None:
        self._advanced_s = 0.0
        self._skewed_s = 0.0

    def __call__(self) -> float:
        """Epoch seconds."""
        return self.wall() + self._advanced_s

    def wall(self) -> float:
        """Epoch seconds that are compared with the date of a signature and sent in the Date header.

        `advance` does not change it: callers sign with the true time, and AWS would refuse every one of them.
        """
        return time.time() + self._skewed_s

    def advance(self, seconds: float) -> None:
        """Let that much time pass for everything that expires, in seconds."""
        self._advanced_s += seconds

    def skew(self, seconds: float) -> None:
        """Set AWS's clock that many seconds ahead of the caller's."""
        self._skewed_s = seconds
