"""Times as people read them."""

from datetime import datetime

import pytest

from oidc_helper.person import times


def at(local: str) -> float:
    return datetime.fromisoformat(local).timestamp()


NOW = at("2026-11-26T20:05:00")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("2026-11-26T21:12:09", "until 21:12:09 (1 h 7 min)"),
        ("2026-11-27T01:12:09", "until tomorrow 01:12:09 (5 h 7 min)"),
        ("2026-12-03T01:12:09", "until 2026-12-03 01:12:09 (6 d 5 h)"),
        ("2026-11-26T20:05:00", "expired"),
    ],
)
def test_an_end_on_another_day_has_the_day(end: str, told: str) -> None:
    """Seen: a time of day that had passed already."""
    assert times.until(at(end), NOW) == told


def test_what_was_yesterday_is_told_so() -> None:
    assert times.moment(at("2026-11-25T23:59:01"), NOW) == "yesterday 23:59:01"
