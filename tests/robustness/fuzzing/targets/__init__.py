"""What takes bytes that somebody else made."""

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError

TARGETS: Sequence[str] = sorted(module.name for module in pkgutil.iter_modules(__path__))
ODD = ("\n", "\0", "\x1b]0;x\x07", "\u202e", "\ud800", "9" * 5_000, "[" * 990 + "]" * 990, "NaN", "1e400", "x" * 70_000)
"""What has broken others: lines, NUL, a terminal's sequences, reordered text, half a character, sizes."""

_LONGEST = 4_000  # characters that a message of ours has at most, a hint beside it


@contextmanager
def ours() -> Iterator[list[OidcHelperError]]:
    """Let errors of ours pass, if their words can be shown to a person; all others go on."""
    met: list[OidcHelperError] = []
    try:
        yield met
    except OidcHelperError as error:
        met.append(error)
        for text in (error.message, error.hint):
            assert text.isprintable(), f"{text!a} steers the terminal"
            assert len(text) <= _LONGEST, f"a message of {len(text)} characters"
