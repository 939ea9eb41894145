"""Times as people read them."""

import time
from datetime import UTC, datetime

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def until(expires_at: float | None) -> str:
    """Say when something ends, as local time and as time left."""
    if expires_at is None:
        return "until it is revoked"
    left = expires_at - time.time()
    return f"until {datetime.fromtimestamp(expires_at).astimezone():%H:%M:%S} ({span(left)})" if left > 0 else "expired"


def span(seconds: float) -> str:
    """Give a duration in the two largest units that matter."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def iso(at: float | None) -> str | None:
    """Give an instant as in credential_process JSON."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime(_INSTANT)


def seconds_left(at: str) -> float:
    """The seconds until such an instant, negative once it is over."""
    return datetime.strptime(at, _INSTANT).replace(tzinfo=UTC).timestamp() - time.time()
