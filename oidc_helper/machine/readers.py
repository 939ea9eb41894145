"""Readers of our streams, which may be slow: a pipe that nobody empties would block us for ever."""

import select
import sys
from typing import TextIO

PATIENCE_S = 5  # with a reader whose pipe is full


def takes_a_message(stream: TextIO) -> bool:
    """Whether a few lines can be written without waiting, now or within PATIENCE_S; true for a stream in memory."""
    if sys.platform == "win32":
        return True  # Windows can poll sockets only
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except OSError:  # it has no descriptor
        return True
    return bool(poll.poll(PATIENCE_S * 1_000))
