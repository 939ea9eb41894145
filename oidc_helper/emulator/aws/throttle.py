"""How many requests a service answers in a second."""


class Throttle:
    """A bucket that fills with so many requests a second, and holds those of one second."""

    def __init__(self) -> None:
        self._held: float | None = None  # None: full
        self._seen_at = 0.0

    def lets_pass(self, now: float, *, per_second: float) -> bool:
        """Whether a request at that time, in seconds, is one of the allowed."""
        room = max(1.0, per_second)
        filled = room if self._held is None else self._held + (now - self._seen_at) * per_second
        self._held, self._seen_at = min(room, filled), now
        if self._held < 1:
            return False
        self._held -= 1
        return True
