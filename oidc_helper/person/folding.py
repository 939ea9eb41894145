"""Text in the lines of a terminal: broken only at blanks, and never inside a command or address that one may copy."""

import re
import textwrap
from collections.abc import Iterator

_INDENT = 2  # columns by which the rest of a sentence is indented; a command in it is indented twice as far
_NARROWEST = 20  # columns: fewer cannot be read however the text is folded
_PROGRAMS = "aws|chmod|chown|env|export|icacls|keyring|ls|oidc-helper|pip|pipx|sudo|unset|uv|w32tm"
# A command, an option or a setting in a hint: it follows a colon; a comma or semicolon before other words ends it.
_TO_BE_TYPED = re.compile(
    rf"(?:(?:^|(?<=: ))(?:(?:{_PROGRAMS}|\S+ -m pip) |[a-z_]+ += )|(?<=: )--[a-z]).+?(?=; |, [a-z]|$)"
)


def folded(line: str, width: int) -> list[str]:
    """The line, broken into several if it is wider; a command gets its own line, and an address or ARN stays whole."""
    width = max(width, _NARROWEST)
    if len(line) <= width:
        return [line]
    first_indent = " " * (len(line) - len(line.lstrip()))
    rest_indent = first_indent + " " * _INDENT
    lines: list[str] = []
    for text, is_typed in _parts(line.strip()):
        indent = rest_indent if lines else first_indent
        if is_typed:
            lines.append(indent + " " * _INDENT * bool(lines) + text)
        else:
            lines += _at_blanks(text, width, indent, rest_indent)
    return lines


def filled(text: str, width: int) -> list[str]:
    """A text of paragraphs, each in as few lines as possible; indented lines, such as examples, stay lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and line[:1].strip() and lines[-1][:1].strip():
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return [part for line in lines for part in (_at_blanks(line, width) if line[:1].strip() else folded(line, width))]


def column(text: str, width: int) -> list[str]:
    """The lines of a table's column, none wider than `width`: else the terminal would break the other columns."""
    width = max(width, _NARROWEST)
    return [line[at : at + width] for line in _at_blanks(text, width) for at in range(0, len(line), width)]


def _parts(line: str) -> Iterator[tuple[str, bool]]:
    """The sentences and the commands, and whether each is a command; a line break replaces the semicolon or comma."""
    end = 0
    for command in _TO_BE_TYPED.finditer(line):
        if before := line[end : command.start()].strip(" ;,"):
            yield before, False
        yield command[0], True
        end = command.end()
    if after := line[end:].strip(" ;,"):
        yield after, False


def _at_blanks(text: str, width: int, indent: str = "", rest_indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=rest_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
