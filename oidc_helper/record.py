"""The stored text of credentials: a header line, then exactly the JSON to print. What does not add up is a miss."""

import zlib

VERSION = "1"
_DIGITS = 12  # of a time in seconds; Python refuses to read some thousands


def compose(body: str, *, serve_until: int, stamp: str, renew_from: int) -> str:
    """The text to store. Times are epoch seconds; `stamp` is `paths.config_stamp` of the configuration used.

    Header: version, serve-until, config-stamp, renew-from, and a CRC-32 of those four and the body.
    """
    header = f"{VERSION} {serve_until} {stamp} {renew_from}"
    return f"{header} {_checksum(header.encode(), body.encode())}\n{body}"


def fresh(record: bytes, *, now: float, stamp: str) -> tuple[bytes, int] | None:
    """The JSON to print and the time to renew from; None where it is stale, torn, foreign or of other settings."""
    parsed = _parse(record)
    if parsed is None:
        return None
    serve_until, recorded_stamp, renew_from, body = parsed
    if now >= serve_until or recorded_stamp != stamp.encode():
        return None
    return body, renew_from


def body_of(record: bytes, *, stamp: str | None = None) -> bytes | None:
    """The JSON of an intact record, whatever its age; with `stamp`, only of one that those settings made."""
    parsed = _parse(record)
    if parsed is None or (stamp is not None and parsed[1] != stamp.encode()):
        return None
    return parsed[3]


def _parse(record: bytes) -> tuple[int, bytes, int, bytes] | None:
    header, newline, body = record.partition(b"\n")
    fields = header.split(b" ")
    if not newline or len(fields) != 5 or fields[0] != VERSION.encode():
        return None
    if fields[4] != _checksum(header.rpartition(b" ")[0], body).encode():
        return None
    if not all(time.isdigit() and len(time) <= _DIGITS for time in (fields[1], fields[3])):
        return None
    return int(fields[1]), fields[2], int(fields[3]), body


def _checksum(header: bytes, body: bytes) -> str:
    return f"{zlib.crc32(body, zlib.crc32(header)):08x}"
