"""Words from outside on their way to a person."""

import io

from oidc_helper.cli.voice import complain
from oidc_helper.errors import OidcHelperError
from oidc_helper.words import printable


def seeds() -> list[bytes]:
    """Words that steer terminals or reorder text."""
    return [
        b"\x1b]0;owned\x07",
        "\u202etxt.exe\u2066".encode(),
        b"\r\nhint: rm -rf /",
        b"\0" * 400,
        "\x9b2J".encode(),
        "\ufeff\u200b\u2028".encode(),
    ]


def target(data: bytes) -> None:
    """They become one short line of printable characters; an error becomes two."""
    for text in (
        data.decode("utf-8", "surrogateescape"),
        data.decode("latin-1"),
        data.decode("utf-16", "surrogatepass") if len(data) % 2 == 0 and _sound(data) else "",
    ):
        shown = printable(text)
        assert shown.isprintable()
        assert len(shown) <= 300
        if text.isascii() and text.isprintable() and len(text) <= 300:
            assert shown == text
        output = io.StringIO()
        complain(OidcHelperError(text, text), output)
        lines = output.getvalue().split("\n")
        assert len(lines) == 3 - (not text)
        assert all(line.isprintable() for line in lines)


def _sound(data: bytes) -> bool:
    try:
        data.decode("utf-16", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
