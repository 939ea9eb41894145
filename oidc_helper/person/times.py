"""Times for people, in local time, and instants for JSON, in UTC."""

import time
from datetime import UTC, datetime

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_DAYS = {-1: "yesterday ", 0: "", 1: "tomorrow "}


def until(expires_at: float | None, now: float | None = None) -> str:
    """Say when something ends, and how much of it is left; all times are epoch seconds."""
    if expires_at is None:
        return "until it is revoked"
    left = expires_at - (time.time() if now is None else now)
    return f"until {moment(expires_at, now)} ({span(left)})" if left > 0 else "expired"


def moment(at: float, now: float | None = None) -> str:
    """The time of day, with the day before it if that is not today."""
    here, today = (datetime.fromtimestamp(each).astimezone() for each in (at, time.time() if now is None else now))
    day = _DAYS.get((here.date() - today.date()).days, f"{here:%Y-%m-%d} ")
    return f"{day}{here:%H:%M:%S}"


def span(seconds: float) -> str:
    """Give a duration in the two largest units that matter."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def at_most(seconds: float) -> str:
    """Give a limit, without seconds that a person need not know."""
    return f"{round(seconds / 60)} min" if seconds >= 120 else f"{int(seconds)} s"


def iso(at: float | None) -> str | None:
    """Give an instant in the form of credential_process JSON."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime(_INSTANT)


def epoch_s(instant: str) -> float:
    """The epoch seconds of an instant in that form."""
    return datetime.strptime(instant, _INSTANT).replace(tzinfo=UTC).timestamp()


def seconds_left(instant: str) -> float:
    """The seconds until an instant in that form, negative once it is over."""
    return epoch_s(instant) - time.time()
