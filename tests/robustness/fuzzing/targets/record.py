"""A record of credentials, turned over in the store: what was not written so is a miss."""

import zlib

from oidc_helper import record

_STAMP = "1700000000000000000+512"
_WHOLE = record.compose('{"Version":1}', serve_until=2**31, stamp=_STAMP, renew_from=2**30).encode()


def seeds() -> list[bytes]:
    """A sound one, one from the future, and numbers longer than Python reads."""
    long = b"1 %s %s 0" % (b"9" * 5_000, _STAMP.encode())
    return [_WHOLE, _WHOLE.replace(b"1 ", b"2 ", 1), long + b" %08x\n" % zlib.crc32(long), b"", b"\n"]


def target(data: bytes) -> None:
    """Served only where header and body are as a sum over both says, before its end, for these settings."""
    _check(data)
    header, _, body = data.partition(b"\n")
    fields = header.split(b" ")[:4]
    _check(b" ".join(fields) + b" %08x\n" % zlib.crc32(body, zlib.crc32(b" ".join(fields))) + body)
    if data:
        place = data[0] % len(_WHOLE)
        torn = _WHOLE[:place] + data[1:2] + _WHOLE[place + 1 :]
        assert torn == _WHOLE or record.fresh(torn, now=0, stamp=_STAMP) is None


def _check(stored: bytes) -> None:
    found = record.fresh(stored, now=1_000, stamp=_STAMP)
    if found is None:
        return
    header, newline, body = stored.partition(b"\n")
    summed, _, total = header.rpartition(b" ")
    assert newline
    assert total == b"%08x" % zlib.crc32(body, zlib.crc32(summed))
    assert _STAMP.encode() in header
    assert found[0] == body == record.body_of(stored)
