"""The head of a browser's request, read within limits: headers that we do not use are dropped as they come."""

import asyncio
import re

import h11

LARGEST_LINE = 262_144  # bytes; the most that browsers take of a redirect, whose answer may have many parameters
_LARGEST_HEAD = 1_048_576  # bytes; browsers send all cookies that other programs set on this host, on any port


async def read(reader: asyncio.StreamReader) -> tuple[h11.Connection, h11.Request | int]:
    """The request, with no header but Host, or the status that refuses it.

    `reader` has the limit LARGEST_LINE. Raises EOFError if the head stays incomplete.
    """
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * LARGEST_LINE)
    try:
        http.receive_data(await _head(reader))
        event = http.next_event()
    except asyncio.LimitOverrunError:
        return http, 431
    except h11.RemoteProtocolError:
        return http, 400
    return http, event if isinstance(event, h11.Request) else 400


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The request line and the lines of Host. Raises asyncio.LimitOverrunError."""
    line, left = await _line(reader, LARGEST_LINE)
    head = re.sub(rb"[\x80-\xff]", lambda octet: b"%%%02X" % octet[0][0], line)  # some providers send raw Latin-1
    left += _LARGEST_HEAD - LARGEST_LINE
    while line.strip(b"\r\n") or not line:
        line, left = await _line(reader, left)
        if line[:4].lower() == b"host":
            head += line
    return head + b"\r\n"


async def _line(reader: asyncio.StreamReader, most: int) -> tuple[bytes, int]:
    """A line, empty if it is longer than LARGEST_LINE, and the number of bytes that it leaves of `most`."""
    left = most
    while True:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as overrun:
            left -= len(await reader.readexactly(overrun.consumed))
            if left <= 0:
                raise
        else:
            is_whole = left == most
            left -= len(line)
            if left < 0:
                raise asyncio.LimitOverrunError("the head is too long", 0)
            return (line if is_whole else b""), left
