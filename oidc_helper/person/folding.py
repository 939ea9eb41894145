"""Text in the lines of a terminal: broken at blanks alone, and what is there to be copied is not broken at all."""

import re
import textwrap
from collections.abc import Iterator

_INDENT = 2  # columns by which the rest of a sentence stands in; a command in it stands in twice as far
_NARROWEST = 20  # columns: in fewer, nothing can be read whatever is done
_PROGRAMS = "aws|chmod|chown|env|export|icacls|keyring|ls|oidc-helper|pip|pipx|sudo|unset|uv|w32tm"
# A command, an option or a setting in a hint, which follows a colon; a comma or semicolon before other words ends it.
_TO_BE_TYPED = re.compile(
    rf"(?:(?:^|(?<=: ))(?:(?:{_PROGRAMS}|\S+ -m pip) |[a-z_]+ += )|(?<=: )--[a-z]).+?(?=; |, [a-z]|$)"
)


def folded(line: str, width: int) -> list[str]:
    """A line that is wider in several; a command has one to itself, and an address or ARN stays whole."""
    width = max(width, _NARROWEST)
    if len(line) <= width:
        return [line]
    own = " " * (len(line) - len(line.lstrip()))
    rest = own + " " * _INDENT
    lines: list[str] = []
    for text, is_typed in _parts(line.strip()):
        indent = rest if lines else own
        if is_typed:
            lines.append(indent + " " * _INDENT * bool(lines) + text)
        else:
            lines += _at_blanks(text, width, indent, rest)
    return lines


def filled(text: str, width: int) -> list[str]:
    """A text of paragraphs, each in as few lines as it takes; lines that stand in, such as examples, stay lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and line[:1].strip() and lines[-1][:1].strip():
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return [part for line in lines for part in (_at_blanks(line, width) if line[:1].strip() else folded(line, width))]


def column(text: str, width: int) -> list[str]:
    """The lines of a column of a table, of which none is wider: a terminal would break the other columns."""
    width = max(width, _NARROWEST)
    return [line[at : at + width] for line in _at_blanks(text, width) for at in range(0, len(line), width)]


def _parts(line: str) -> Iterator[tuple[str, bool]]:
    """The sentences and the commands, and whether each is a command; a line of its own stands for a semicolon."""
    end = 0
    for found in _TO_BE_TYPED.finditer(line):
        if before := line[end : found.start()].strip(" ;,"):
            yield before, False
        yield found[0], True
        end = found.end()
    if after := line[end:].strip(" ;,"):
        yield after, False


def _at_blanks(text: str, width: int, indent: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
