"""The stored text of credentials: what is written is read, and until when it is fresh."""

import pytest

from oidc_helper import record

BODY = '{"Version":1}'
TEXT = record.compose(BODY, serve_until=2_000, stamp="7+8", renew_from=1_500, expires_at=2_900)


def test_a_header_names_version_times_stamp_and_checksum() -> None:
    """One line in front of the JSON, in the order that the hit reads it."""
    header, _, body = TEXT.partition("\n")

    assert header.split()[:-1] == ["1", "2000", "7+8", "1500", "2900"]
    assert body == BODY


def test_a_record_reads_as_it_was_written() -> None:
    """Each field of the header, and the JSON byte for byte."""
    read = record.parse(TEXT.encode())

    assert read
    assert (read.body, read.stamp) == (BODY.encode(), "7+8")
    assert (read.serve_until, read.renew_from, read.expires_at) == (2_000, 1_500, 2_900)


def test_a_record_names_the_region_of_its_profile() -> None:
    """`exec` on a hit reads no settings; a profile without a region has a header without it."""
    text = record.compose(BODY, serve_until=2_000, stamp="7+8", renew_from=1_500, expires_at=2_900, region="eu-west-1")
    with_region, without = record.parse(text.encode()), record.parse(TEXT.encode())

    assert with_region
    assert without
    assert (with_region.region, without.region) == ("eu-west-1", "")


@pytest.mark.parametrize(
    ("now", "stamp", "fresh"),
    [(1_999.9, "7+8", True), (2_000, "7+8", False), (0, "7+9", False), (3_000, "", False)],
    ids=["before serve-until", "at serve-until", "other settings", "no settings"],
)
def test_a_record_is_fresh_until_its_time_and_under_its_settings(now: float, stamp: str, *, fresh: bool) -> None:
    """The one question of a hit."""
    read = record.parse(TEXT.encode())

    assert read
    assert read.fresh(now=now, stamp=stamp) == fresh


def resealed(header: str) -> bytes:
    """Another header under a checksum that fits."""
    return f"{header} {record._checksum(header.encode(), BODY.encode())}\n{BODY}".encode()


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        TEXT.encode()[:-1],
        TEXT.replace("2000", "9000", 1).encode(),
        TEXT.replace("\n", " ", 1).encode(),
        resealed("2 2000 7+8 1500 2900"),
        resealed("1 2000 7+8 1500"),
        resealed("1 2000 7+8 1500 2900 eu-west-1 3100"),
        resealed("1 -2000 7+8 1500 2900"),
        resealed("1 2000 7+8 soon 2900"),
        resealed(f"1 2000 7+8 1500 {'9' * 5_000}"),
    ],
    ids=[
        *(
            "empty",
            "torn",
            "served longer",
            "no body",
            "from the future",
            "a time too few",
            "a field too many",
            "a time before 1970",
        ),
        *("a word for a time", "more digits than int() reads"),
    ],
)
def test_what_compose_did_not_write_is_a_miss(stored: bytes) -> None:
    """None is an error: the next fetch writes a new record."""
    assert record.parse(stored) is None


def test_bytes_that_are_no_text_are_of_no_settings() -> None:
    """A stamp of other bytes is compared, not decoded in vain."""
    header = b"1 2000 \xff 1500 2900"
    sealed = header + b" " + record._checksum(header, BODY.encode()).encode() + b"\n" + BODY.encode()

    read = record.parse(sealed)

    assert read
    assert not read.fresh(now=0, stamp="7+8")
