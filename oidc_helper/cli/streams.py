"""The three standard streams: stdout carries the answer and nothing else, whatever a library prints."""

import os
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Streams:
    """Where the answer goes, and where a person reads what went wrong."""

    answer: TextIO
    complaint: TextIO
    person_reads: bool


def divert(*, quiet: bool) -> Streams:
    """Take stdout and stderr for ourselves; what anybody else writes there goes to stderr, or nowhere if `quiet`.

    Quiet is for commands that SDKs run: old C++ SDKs read our stderr into the JSON, Go and Ruby show it on each call.
    """
    streams = Streams(_own(1), _own(2), _is_terminal(2))
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink if quiet or not _is_open(2) else 2, 1)
    if quiet or not _is_open(2):
        os.dup2(sink, 2)
    os.close(sink)
    return streams


def _own(descriptor: int) -> TextIO:
    try:
        copy = os.dup(descriptor)
    except OSError:  # started with the stream closed
        copy = os.open(os.devnull, os.O_WRONLY)
    return os.fdopen(copy, "w", encoding="utf-8", errors="backslashreplace", newline="\n")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _is_terminal(descriptor: int) -> bool:
    return _is_open(descriptor) and os.isatty(descriptor)
