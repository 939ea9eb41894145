"""The head of a browser's request, read within limits: what nobody here reads is dropped as it comes."""

import asyncio
import re

import h11

LARGEST_LINE = 262_144  # bytes; what browsers take of a redirect, whose answer may bring many parameters
_LARGEST_HEAD = 1_048_576  # bytes; browsers send all cookies that other programs set on this host, whatever the port


async def read(reader: asyncio.StreamReader) -> tuple[h11.Connection, h11.Request | int]:
    """The request, of whose headers only Host is read, or the status that refuses it.

    `reader` has the limit LARGEST_LINE. Raises EOFError where the head stays incomplete.
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
    """A line, empty where it is longer than LARGEST_LINE, and what it leaves of `most` bytes."""
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
