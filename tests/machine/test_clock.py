"""Which values are times, and when this machine's clock is off by more than a signature allows."""

import pytest

from oidc_helper.machine.clock import is_instant, skew

NOON, DATE = 946_728_000, "Sat, 01 Jan 2000 12:00:00 GMT"
# Seconds that this machine's clock is ahead -> what is said; AWS allows five minutes at least.
SKEWS = {
    0: "",
    239: "",
    -239: "",
    240: "this machine's clock is 240 s ahead of the server's",
    -3_600: "this machine's clock is 3600 s behind the server's",
}


@pytest.mark.parametrize("ahead_s", SKEWS)
def test_a_clock_that_is_off_is_told(ahead_s: int) -> None:
    """And a difference that no server minds is not."""
    assert skew(DATE, NOON + ahead_s) == SKEWS[ahead_s]


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Jan 2000 12:00:00 GMT"])
def test_a_header_that_is_no_date_tells_nothing(date: str) -> None:
    """Nor does it break the message of the refusal that it came with."""
    assert skew(date, NOON) == ""


@pytest.mark.parametrize("value", [0, 1.5, NOON, 253_402_300_799])
def test_seconds_up_to_the_year_9999_are_times(value: object) -> None:
    """The last one that can be written in four digits of a year."""
    assert is_instant(value)


@pytest.mark.parametrize("value", [-1, 253_402_300_800, True, "1", None, float("nan"), float("inf"), 10**40])
def test_milliseconds_and_nonsense_are_no_times(value: object) -> None:
    """An index or a token with one of them must not break the command."""
    assert not is_instant(value)
