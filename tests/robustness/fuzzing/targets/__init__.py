"""One target for each parser of bytes from outside."""

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError

TARGETS: Sequence[str] = sorted(module.name for module in pkgutil.iter_modules(__path__))
ODD = ("\n", "\0", "\x1b]0;x\x07", "\u202e", "\ud800", "9" * 5_000, "[" * 990 + "]" * 990, "NaN", "1e400", "x" * 70_000)
"""Texts that have broken other programs: lines, NUL, terminal sequences, reordered text, half a character, sizes."""

_LONGEST = 4_000  # characters in a message and in a hint


@contextmanager
def ours() -> Iterator[list[OidcHelperError]]:
    """Swallow errors of ours, if a person can read them; other errors go on."""
    errors: list[OidcHelperError] = []
    try:
        yield errors
    except OidcHelperError as error:
        errors.append(error)
        for text in (error.message, error.hint):
            assert text.isprintable(), f"{text!a} steers the terminal"
            assert len(text) <= _LONGEST, f"a message of {len(text)} characters"
