"""The line of each key, which tomllib does not report: a scan that is right for TOML as people write it."""

import re
import tomllib
from collections.abc import Mapping

KeyPath = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*+"
_OPENING = re.compile(rf"[ \t]*(?:\[\[?[ \t]*(?P<section>{_KEY})[ \t]*\]|(?P<key>{_KEY})[ \t]*=)")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")  # split here: tomllib would take most of the time
_LONGEST = 300  # characters of a key; tomllib's time grows with the square of its parts
_TOKEN = re.compile(
    r'(?P<long>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)


def locate(text: str) -> dict[KeyPath, int]:
    """The first line of each section and key, counted from 1; `text` is valid TOML."""
    lines: dict[KeyPath, int] = {}
    section: KeyPath = ()
    for number, line in enumerate(_TOKEN.sub(_blank_long_string, text).split("\n"), 1):
        opening = _OPENING.match(line)
        if not opening or opening.end() > _LONGEST:
            continue
        if opening["section"]:
            path = section = _parts(opening["section"])
        else:
            path = section + _parts(opening["key"])
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], number)
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of the key, or of the nearest table around it."""
    return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), None)


def _blank_long_string(token: re.Match[str]) -> str:
    return "\n" * token[0].count("\n") if token["long"] else token[0]


def _parts(key: str) -> KeyPath:
    if _PLAIN.fullmatch(key):
        return tuple(key.split("."))
    table = tomllib.loads(f"{key} = 0")
    parts: KeyPath = ()
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts += (part,)
    return parts
