"""A record of credentials that was damaged in the store is a miss."""

import zlib

from oidc_helper import record

_STAMP = "1700000000000000000+512"


def _whole(stamp: str = _STAMP) -> bytes:
    text = record.compose('{"Version":1}', serve_until=2**31, stamp=stamp, renew_from=2**30, expires_at=2**32)
    return text.encode()


def seeds() -> list[bytes]:
    """A sound record, foreign ones, one from the future, very long numbers, and offsets at which to tear it."""
    long = b"1 %s %s 0 0" % (b"9" * 5_000, _STAMP.encode())
    foreign = [_whole("2+2"), _whole().replace(b"1 ", b"2 ", 1), long + b" %08x\n" % zlib.crc32(long), b"", b"\n"]
    return [_whole(), *foreign, *(bytes([offset]) + b"x" for offset in range(len(_whole())))]


def target(data: bytes) -> None:
    """It is served only if its checksum is right, before its end, and for these settings."""
    _check(data)
    header, _, body = data.partition(b"\n")
    fields = header.split(b" ")[:5]
    _check(b" ".join(fields) + b" %08x\n" % zlib.crc32(body, zlib.crc32(b" ".join(fields))) + body)
    whole = _whole()
    intact = record.parse(whole)
    assert intact
    assert intact.fresh(now=0, stamp=_STAMP)
    assert (intact.body, intact.renew_from, intact.expires_at) == (b'{"Version":1}', 2**30, 2**32)
    if data:
        offset = data[0] % len(whole)
        torn = whole[:offset] + data[1:2] + whole[offset + 1 :]
        assert torn == whole or record.parse(torn) is None


def _check(stored: bytes) -> None:
    parsed = record.parse(stored)
    if parsed is None:
        return
    header, newline, body = stored.partition(b"\n")
    summed, _, total = header.rpartition(b" ")
    fields = header.split(b" ")
    assert newline
    assert total == b"%08x" % zlib.crc32(body, zlib.crc32(summed))
    assert parsed.body == body
    of_these_settings = fields[2] == _STAMP.encode()
    assert parsed.fresh(now=1_000, stamp=_STAMP) == (of_these_settings and int(fields[1]) > 1_000)
