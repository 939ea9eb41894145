"""The three standard streams: stdout carries the answer and nothing else, whatever a library prints."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, TextIO

from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.machine.readers import PATIENCE_S

_BUFFER_BYTES = 1 << 20  # larger than any answer: only `deliver` writes, and notices a reader that has gone


class Streams(NamedTuple):
    """The stream for the answer, the one for complaints, and whether a person reads the latter.

    An SDK reads at once; a `patient` command waits for its reader, as for the person at a pager.
    """

    answer: TextIO
    complaint: TextIO
    person_reads: bool
    closed: frozenset[int]
    patient: bool
    stdin: int

    def require_answer(self) -> None:
        """Raise OidcHelperError if we were started without a stdout."""
        if 1 in self.closed:
            raise OidcHelperError("standard output is closed: the answer has nowhere to go")

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """The three streams as we found them, for a program that takes our place; ours again if it does not."""
        ours = [os.dup(number) for number in range(3)]
        for number, theirs in enumerate((self.stdin, self.answer.fileno(), self.complaint.fileno())):
            os.dup2(theirs, number)
        try:
            yield
        finally:
            for number, own in enumerate(ours):
                os.dup2(own, number)
                os.close(own)

    def deliver(self) -> None:
        """Write the answer. On an OSError, which it raises, drop it: Python would try again at exit, and complain."""
        try:
            if self.patient:
                self.answer.flush()
            else:
                self._flush_in_time()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.answer.fileno())
            os.close(nowhere)
            raise

    def _flush_in_time(self) -> None:
        try:
            Deadline(PATIENCE_S).run(self.answer.flush)
        except DeadlinePassed:
            raise TimeoutError(errno.ETIMEDOUT, "nobody reads it") from None


def divert(*, quiet: bool) -> Streams:
    """Keep stdout and stderr to ourselves; whatever libraries print there goes to stderr, or nowhere if `quiet`.

    Standard input is the caller's, and nothing of ours reads it: neither a library nor a program that we start. A
    person answers at the terminal.

    Quiet is for commands that SDKs run: old C++ SDKs read our stderr as part of the JSON, Go and Ruby show it on each
    call.
    """
    closed = fill_gaps()
    streams = Streams(_own(1), _own(2), os.isatty(2), closed, patient=not quiet, stdin=os.dup(0))
    sink = os.open(os.devnull, os.O_RDWR)
    os.dup2(sink, 0)
    os.dup2(sink if quiet else 2, 1)
    if quiet:
        os.dup2(sink, 2)
    os.close(sink)
    return streams


def columns(answer: TextIO) -> int:
    """The width of the terminal that shows the answer; 0 where none does. COLUMNS has the first word, as everywhere."""
    if not answer.isatty():
        return 0
    named = os.environ.get("COLUMNS", "")
    with suppress(OSError):
        return int(named) if named.isdecimal() and int(named) else os.get_terminal_size(answer.fileno()).columns or 80
    return 80


def fitting(lines: Iterable[str], stream: TextIO) -> Iterable[str]:
    """The lines, folded where a terminal shows the stream; whatever else reads it, as SDKs do, gets each whole."""
    width = columns(stream)
    if not width:
        return lines
    from oidc_helper.person.folding import folded

    return [part for line in lines for part in folded(line, width)]


def write_lines(stream: TextIO, *lines: str) -> None:
    """Write sentences for people as they fit, all at once."""
    stream.write("".join(f"{line}\n" for line in fitting(lines, stream)))


def fill_gaps() -> frozenset[int]:
    """Put /dev/null in place of each closed standard stream: the next file we open would become that stream."""
    filled = set()
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        filled.add(descriptor)
    os.close(descriptor)
    return frozenset(filled)


def _own(descriptor: int) -> TextIO:
    """A copy of the stream, in a terminal's own encoding and else in UTF-8, which SDKs expect."""
    encoding = os.device_encoding(descriptor) or "utf-8"
    return os.fdopen(os.dup(descriptor), "w", _BUFFER_BYTES, encoding=encoding, errors="backslashreplace", newline="\n")
