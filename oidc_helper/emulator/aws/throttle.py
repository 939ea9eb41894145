"""Limit how many requests a service answers in a second."""


class Throttle:
    """A token bucket that refills continuously and holds the requests of one second."""

    def __init__(self) -> None:
        self._left: float | None = None  # None: full
        self._seen_at = 0.0

    def lets_pass(self, now: float, *, per_second: float) -> bool:
        """Whether a request at that time, in seconds, is allowed; it then counts."""
        capacity = max(1.0, per_second)
        filled = capacity if self._left is None else self._left + (now - self._seen_at) * per_second
        self._left, self._seen_at = min(capacity, filled), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
