"""How the program speaks on stderr: one line for what went wrong, one for what mends it, and the log."""

import logging
from contextlib import suppress
from typing import TextIO

from oidc_helper.cli import streams
from oidc_helper.errors import OidcHelperError
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper")


def complain(error: OidcHelperError, complaint: TextIO | None) -> None:
    """Say in one line what went wrong, and in another what mends it: SDKs paste both into their own exceptions."""
    if complaint is None:  # started without a stderr
        return
    lines = [f"oidc-helper: {error.message}"] + ([f"hint: {error.hint}"] if error.hint else [])
    with suppress(OSError):
        complaint.write("".join(f"{_one_line(line)}\n" for line in lines))
        complaint.flush()


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else printable(character) for character in text)


def log_to(taken: streams.Streams, *, debug: bool, quiet: bool) -> None:
    """Warnings are for people, since an SDK's caller must find stderr empty; the trace is for who asks for it."""
    logging.lastResort = None
    logging.raiseExceptions = False
    if debug or taken.person_reads or not quiet:
        shown = logging.StreamHandler(taken.complaint)
        shown.setFormatter(_Voice())
        shown.addFilter(_Once())
        log.addHandler(shown)
    log.setLevel(logging.DEBUG if debug else logging.WARNING)
    log.propagate = False


class _Once(logging.Filter):
    """Three records that cannot be written for one reason are one warning."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, entry: logging.LogRecord) -> bool:
        told = entry.getMessage() in self._told
        self._told.add(entry.getMessage())
        return entry.levelno < logging.WARNING or not told


class _Voice(logging.Formatter):
    def format(self, entry: logging.LogRecord) -> str:
        kind = "warning: " if entry.levelno >= logging.WARNING else "debug: "
        return f"oidc-helper: {kind}{entry.getMessage()}"
