"""Times in epoch seconds: whether a value is one, and how far this machine's clock is off."""

from typing import TypeGuard

_SKEW_S = 240  # AWS allows 15 minutes at some services, five at others
_LAST_S = 253_402_300_799  # 9999-12-31T23:59:59Z: later ones are milliseconds or nonsense


def skew(date: str, now: float) -> str:
    """Say how far this machine's clock, which shows `now` (epoch seconds), is from an answer's Date header.

    Empty if the difference is too small to cause a refusal, or the header is not a date.
    """
    from email.utils import parsedate_to_datetime

    try:
        ahead_s = now - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return ""
    if abs(ahead_s) < _SKEW_S:
        return ""
    return f"this machine's clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the server's"


def instant(value: object) -> float | None:
    """A value, which may be text, as a time in epoch seconds; None if it is not one."""
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
    return number if is_instant(number) else None


def is_instant(value: object) -> TypeGuard[float]:
    """Whether a value can be a time in epoch seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LAST_S
