"""The three standard streams: stdout carries the answer and nothing else, whatever a library prints."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, TextIO

from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.machine.readers import PATIENCE_S

_BUFFER_BYTES = 1 << 20  # larger than any answer, so that only `deliver` writes, and notices if the reader has gone


class Streams(NamedTuple):
    """The stream for the answer, the one for complaints, and whether a person reads the complaints.

    `closed` has the standard streams that we were started without. A `patient` command waits for its reader, perhaps a
    person at a pager; an SDK reads at once. `stdin` is the caller's standard input.
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
        """Put back the three streams as we found them, for a program that takes our place; undo that if it does not."""
        diverted = [os.dup(number) for number in range(3)]
        for number, original in enumerate((self.stdin, self.answer.fileno(), self.complaint.fileno())):
            os.dup2(original, number)
        try:
            yield
        finally:
            for number, copy in enumerate(diverted):
                os.dup2(copy, number)
                os.close(copy)

    def deliver(self) -> None:
        """Write the answer. Raises OSError, and drops the answer: Python would try again at exit, and complain."""
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
    """Keep stdout and stderr to ourselves; what libraries print there goes to stderr, or nowhere if `quiet`.

    Standard input is the caller's: no library and no program that we start may read it. A person answers at the
    terminal.

    `quiet` is for commands that SDKs run: old C++ SDKs read our stderr as part of the JSON, and the SDKs for Go and
    Ruby show it on each call.
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
    """The width of the terminal that shows the answer, or 0 if none does. COLUMNS overrides it, as everywhere."""
    if not answer.isatty():
        return 0
    chosen = os.environ.get("COLUMNS", "")
    with suppress(OSError):
        return (
            int(chosen) if chosen.isdecimal() and int(chosen) else os.get_terminal_size(answer.fileno()).columns or 80
        )
    return 80


def fitting(lines: Iterable[str], stream: TextIO) -> Iterable[str]:
    """The lines, folded if a terminal shows the stream; any other reader, such as an SDK, gets each line whole."""
    width = columns(stream)
    if not width:
        return lines
    from oidc_helper.person.folding import folded

    return [part for line in lines for part in folded(line, width)]


def write_lines(stream: TextIO, *lines: str) -> None:
    """Write sentences for people, folded to fit a terminal, in one piece."""
    stream.write("".join(f"{line}\n" for line in fitting(lines, stream)))


def fill_gaps() -> frozenset[int]:
    """Put /dev/null in place of each closed standard stream: the next file we open would become that stream."""
    filled = set()
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        filled.add(descriptor)
    os.close(descriptor)
    return frozenset(filled)


def _own(descriptor: int) -> TextIO:
    """A copy of the stream, in the encoding of its terminal, or else in UTF-8, which SDKs expect."""
    encoding = os.device_encoding(descriptor) or "utf-8"
    return os.fdopen(os.dup(descriptor), "w", _BUFFER_BYTES, encoding=encoding, errors="backslashreplace", newline="\n")
