"""The stored text of credentials: a header line, then exactly the JSON to print. A damaged text is a miss."""

import zlib

VERSION = "1"
_STILL_USABLE_S = 60  # with less time left, a signed request may arrive too late
_DIGITS = 12  # of a time in seconds; int() refuses very long digit strings


class Record:
    """An intact record: `body` is the JSON to print, the other fields are the arguments of `compose`."""

    __slots__ = ("body", "expires_at", "region", "renew_from", "serve_until", "stamp")

    def __init__(  # noqa: PLR0913 - the fields of the header
        self, body: bytes, *, serve_until: int, stamp: str, renew_from: int, expires_at: int, region: str
    ) -> None:
        self.body = body
        self.serve_until = serve_until
        self.stamp = stamp
        self.renew_from = renew_from
        self.expires_at = expires_at
        self.region = region

    def fresh(self, *, now: float, stamp: str) -> bool:
        """Whether it may be handed out under the configuration with that stamp."""
        return now < self.serve_until and self.stamp == stamp

    def due(self, now: float) -> bool:
        """Whether a fresh record should be renewed now, so that nobody has to wait for that later."""
        return self.renew_from <= now < self.serve_until

    def spare(self, *, now: float, stamp: str) -> bool:
        """Whether it may be handed out, fresh or not, after a renewal has failed."""
        return usable(self.expires_at, now) and self.stamp == stamp


def usable(expires_at: int, now: float) -> bool:
    """Whether a request signed at `now`, with credentials that expire at `expires_at`, still arrives in time."""
    return expires_at - now > _STILL_USABLE_S


def compose(  # noqa: PLR0913 - the fields of the header
    body: str, *, serve_until: int, stamp: str, renew_from: int, expires_at: int, region: str = ""
) -> str:
    """The text to store. Times are epoch seconds; `stamp` is `paths.config_stamp` of the configuration used.

    Header: version, serve-until, config-stamp, renew-from, expires-at, the profile's region if it has one, and a
    CRC-32 of those and the body.
    """
    header = f"{VERSION} {serve_until} {stamp} {renew_from} {expires_at} {region}".rstrip()
    return f"{header} {_checksum(header.encode(), body.encode())}\n{body}"


def parse(stored: bytes) -> Record | None:
    """Read a text from `compose`, however old; None if it is torn, foreign or of another version."""
    header, newline, body = stored.partition(b"\n")
    fields = header.split(b" ")
    if not newline or len(fields) not in (6, 7) or fields[0] != VERSION.encode():
        return None
    if fields[-1] != _checksum(header.rpartition(b" ")[0], body).encode():
        return None
    times = (fields[1], fields[3], fields[4])
    if not all(time.isdigit() and len(time) <= _DIGITS for time in times):
        return None
    serve_until, renew_from, expires_at = map(int, times)
    stamp, region = fields[2].decode("utf-8", "replace"), b"".join(fields[5:-1]).decode("utf-8", "replace")
    return Record(
        body, serve_until=serve_until, stamp=stamp, renew_from=renew_from, expires_at=expires_at, region=region
    )


def _checksum(header: bytes, body: bytes) -> str:
    return f"{zlib.crc32(body, zlib.crc32(header)):08x}"
