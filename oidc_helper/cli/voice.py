"""Writes to stderr: errors, as one line with what went wrong and a hint how to mend it, and the log."""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from oidc_helper.cli import streams
from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.readers import takes_a_message
from oidc_helper.redaction import without_secrets
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper")


def complain(error: OidcHelperError, complaint: TextIO | None) -> None:
    """Say in one line what went wrong, and in another how to mend it: SDKs paste both into their own exceptions.

    At a terminal, a message that is a list has a line for each item.
    """
    if complaint is None:  # started without a stderr
        return
    first, *others = error.lines if complaint.isatty() else [error.message]
    _write([f"oidc-helper: {first}", *others] + ([f"hint: {error.hint}"] if error.hint else []), complaint)


def tell(sentence: str, complaint: TextIO) -> None:
    """Say something that is not an error."""
    _write([f"oidc-helper: {sentence}"], complaint)


def _write(lines: Sequence[str], complaint: TextIO) -> None:
    with suppress(OSError):
        if takes_a_message(complaint):
            streams.write_lines(complaint, *map(_one_line, lines))
            complaint.flush()


def complain_past_stderr(error: OidcHelperError, stdio: streams.Streams) -> None:
    """Complain at the terminal too if stderr is /dev/null, a program reads stdout, and our job is in the foreground.

    Clients on AWS's C runtime run us with `2>/dev/null`, and only report that there are no credentials.
    """
    if sys.platform == "win32" or 2 in stdio.closed or stdio.answer.isatty():
        return
    with suppress(OSError):
        is_thrown_away = os.path.samestat(os.fstat(stdio.complaint.fileno()), os.stat(os.devnull))  # noqa: PTH116
        if is_thrown_away:
            with open("/dev/tty", "w", errors="backslashreplace") as terminal:  # noqa: PTH123  # a device
                if os.tcgetpgrp(terminal.fileno()) == os.getpgrp():
                    complain(error, terminal)


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else printable(character) for character in text)


def log_to(stdio: streams.Streams, *, debug: bool, quiet: bool) -> None:
    """Send warnings to people only, since an SDK must find stderr empty; with `debug`, send the trace to anybody."""
    logging.lastResort = None
    logging.raiseExceptions = False
    if debug or stdio.person_reads or not quiet:
        shown = logging.StreamHandler(stdio.complaint)
        shown.setFormatter(_Voice(stdio.complaint))
        shown.addFilter(_Once())
        log.addHandler(shown)
    log.setLevel(logging.DEBUG if debug else logging.WARNING)
    log.propagate = False


class _Once(logging.Filter):
    """Passes each warning once: three records that cannot be written for the same reason give one warning."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: set[str] = set()

    def filter(self, entry: logging.LogRecord) -> bool:
        is_repeated = entry.getMessage() in self._messages
        self._messages.add(entry.getMessage())
        return entry.levelno < logging.WARNING or not is_repeated


class _Voice(logging.Formatter):
    """Fits a warning to the terminal; a trace is pasted into reports, so its lines stay whole."""

    def __init__(self, complaint: TextIO) -> None:
        super().__init__()
        self._complaint = complaint

    def format(self, entry: logging.LogRecord) -> str:
        message = without_secrets(entry.getMessage())
        if entry.levelno < logging.WARNING:
            return f"oidc-helper: debug: {message}"
        return "\n".join(streams.fitting([f"oidc-helper: warning: {message}"], self._complaint))
