"""The three standard streams: stdout carries the answer and nothing else, whatever a library prints."""

import os
from typing import NamedTuple, TextIO

from oidc_helper.errors import OidcHelperError

_MOST = 1 << 20  # bytes that wait to be delivered, so that nothing but `deliver` meets a reader who has gone


class Streams(NamedTuple):
    """Where the answer goes, and where a person reads what went wrong."""

    answer: TextIO
    complaint: TextIO
    person_reads: bool
    closed: frozenset[int]

    def require_answer(self) -> None:
        """Raise OidcHelperError where we were started without a stdout."""
        if 1 in self.closed:
            raise OidcHelperError("standard output is closed, so that nobody would get the answer")

    def deliver(self) -> None:
        """Write what is left of the answer. Raises OSError, and then drops it: Python would try again, and complain."""
        try:
            self.answer.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.answer.fileno())
            os.close(nowhere)
            raise


def divert(*, quiet: bool) -> Streams:
    """Take stdout and stderr for ourselves; what anybody else writes there goes to stderr, or nowhere if `quiet`.

    Quiet is for commands that SDKs run: old C++ SDKs read our stderr into the JSON, Go and Ruby show it on each call.
    """
    closed = _fill_gaps()
    streams = Streams(_own(1), _own(2), os.isatty(2), closed)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink if quiet else 2, 1)
    if quiet:
        os.dup2(sink, 2)
    os.close(sink)
    return streams


def _fill_gaps() -> frozenset[int]:
    """Put /dev/null where a standard stream was closed: whatever is opened next would become that stream."""
    filled = set()
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        filled.add(descriptor)
    os.close(descriptor)
    return frozenset(filled)


def _own(descriptor: int) -> TextIO:
    return os.fdopen(os.dup(descriptor), "w", _MOST, encoding="utf-8", errors="backslashreplace", newline="\n")
