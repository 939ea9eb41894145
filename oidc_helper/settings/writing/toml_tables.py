"""Change tables of our TOML; all else stays byte for byte."""

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.file import LARGEST, parse
from oidc_helper.settings.layers import dotted
from oidc_helper.settings.lines import KeyPath, line_of, locate
from oidc_helper.settings.problems import wrong_file
from oidc_helper.settings.writing.sections import Document, Section, split
from oidc_helper.words import printable

Values = Mapping[str, Any]  # of a table's keys: str, bool, int, a list or dict of them; None removes the key
Tables = Mapping[KeyPath, Values | None]  # by path, as ("profile", "analytics"); None removes the table

_FIRST_LINE = "# Settings of oidc-helper; the man page oidc-helper-config(5) tells every key.\n"
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]|[^\s\[\]{}"\'#]+',
    re.DOTALL,
)
_HEADER = re.compile(r"\[[^\]\n]*\]")  # of a table without brackets in its name
_DEPTH = {"[": 1, "{": 1, "]": -1, "}": -1}


def change_tables(path: str, text: str, tables: Tables) -> str:
    """The text with these tables changed, made or removed; `path` is for messages.

    Raises WrongSettings if the text is no TOML, or if a table is written in a way that only a person can change.
    """
    old = parse(path, text)
    document = split(text, list(_spans(text)))
    by_name: dict[KeyPath, Section[KeyPath]] = {each.name: each for each in document.sections}
    for table, values in tables.items():
        if values is None:
            _remove(document, table)
            continue
        known = _at(old, table)
        if not isinstance(known, dict | None):
            raise _unchangeable(path, text, table)
        changes = _changes(document, table, known or {}, values)
        section = by_name.get(table)
        if section and changes:
            section.body = _body(section.body, table, changes)
        elif changes or known is None:
            _add(document, table, changes)
    new = str(document)
    if new and not text:
        new = _FIRST_LINE + "\n" + new
    if len(new.encode()) > LARGEST:
        raise wrong_file(path, f": would become larger than {LARGEST:,} bytes")
    if misread := _misread(new, _changed(old, tables), tables):
        raise _unchangeable(path, text, misread)
    return new


def rename_tables(path: str, text: str, renamed: Mapping[KeyPath, KeyPath]) -> str:
    """The text with the headers of these tables, and of the tables below them, changed. Raises as above."""
    old = parse(path, text)
    document = split(text, list(_spans(text)))
    for section in document.sections:
        for length in range(1, len(section.name) + 1):
            if new := renamed.get(section.name[:length]):
                section.body = _HEADER.sub(_header((*new, *section.name[length:])), section.body, count=1)
    others = copy.deepcopy(old)
    moved = {new: _pop(others, name) for name, new in renamed.items()}
    if misread := _misread(str(document), _changed(others, moved), moved):
        old_name = next(name for name, new in renamed.items() if new == misread)
        raise _unchangeable(path, text, old_name)
    return str(document)


def _pop(document: dict[str, Any], path: KeyPath) -> Any:
    *above, last = path
    return _at(document, tuple(above)).pop(last)


def _header(table: KeyPath) -> str:
    import tomlkit

    return f"[{tomlkit.key(table).as_string()}]"


def _spans(text: str) -> Iterator[tuple[KeyPath, int, int]]:
    """Each table's path, the beginning of its header's line and the end of its last line; the text is valid TOML."""
    depth, line, is_first = 0, 0, True
    begin, end = -1, 0  # of the current table; none yet
    for token in _TOKEN.finditer(text):
        if token[0] == "\n":
            if depth == 0:
                line, is_first = token.end(), True
            continue
        if token[0].startswith("#"):
            continue
        if depth == 0 and is_first and token[0] == "[":
            if begin >= 0:
                yield _span(text, begin, end)
            begin = line
        is_first = False
        depth += _DEPTH.get(token[0], 0)
        end = token.end()
    if begin >= 0:
        yield _span(text, begin, end)


def _span(text: str, begin: int, end: int) -> tuple[KeyPath, int, int]:
    header = tomllib.loads(text[begin : _line_end(text, begin)])
    path: KeyPath = ()
    while isinstance(header, dict) and header:
        ((part, header),) = header.items()
        path += (part,)
    return path, begin, _line_end(text, end)


def _line_end(text: str, position: int) -> int:
    return text.find("\n", position) + 1 or len(text)


def _changes(document: Document[KeyPath], table: KeyPath, known: Values, values: Values) -> Values:
    """The values that differ; an inner table with a header of its own is removed to make room for its new value."""
    changes = {key: value for key, value in values.items() if not _same(known.get(key), value)}
    for key in changes:
        if isinstance(known.get(key), dict):
            _remove(document, (*table, key))
    return changes


def _body(body: str, table: KeyPath, changes: Values) -> str:
    """The section's text with its keys changed."""
    import tomlkit

    parsed = tomlkit.parse(body if body.endswith("\n") else body + "\n")
    own: Any = parsed
    for part in table:
        own = own[part]
    for key, value in changes.items():
        if value is not None:
            own[key] = _item(value)
        elif key in own:
            own.remove(key)
    return parsed.as_string()


def _item(value: Any) -> Any:
    """A dict becomes an inline table: one with a header of its own would take the comments that follow."""
    import tomlkit

    if not isinstance(value, dict):
        return tomlkit.item(value)
    inline = tomlkit.inline_table()
    for key, inner in value.items():
        inline[key] = _item(inner)
    return inline


def _add(document: Document[KeyPath], table: KeyPath, values: Values) -> None:
    """Add the table after the last one of its kind, or at the end."""
    body = _body(f"{_header(table)}\n", table, values)
    kin = (each for each in reversed(document.sections) if each.name[:1] == table[:1])
    document.add(table, body, after=next(kin, None))


def _remove(document: Document[KeyPath], table: KeyPath) -> None:
    for section in [each for each in document.sections if each.name[: len(table)] == table]:
        document.remove(section)


def _same(known: Any, value: Any) -> bool:
    return type(known) is type(value) and known == value


def _at(document: Any, path: KeyPath) -> Any:
    for part in path:
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _changed(old: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """The document as it must be in the end."""
    intended = copy.deepcopy(old)
    for table, values in tables.items():
        *above, last = table
        parent: Any = intended
        for part in above:
            parent = parent.setdefault(part, {})
        if values is None:
            parent.pop(last, None)
            continue
        own = parent.setdefault(last, {})
        for key, value in values.items():
            if value is None:
                own.pop(key, None)
            else:
                own[key] = value
    return intended


def _misread(new: str, intended: dict[str, Any], tables: Tables) -> KeyPath | None:
    """A table that the new text does not have as intended: it had no header, and was written a second time."""
    try:
        document = tomllib.loads(new)
    except ValueError:
        document = {}
    if _without_empty(document) == _without_empty(intended):
        return None
    return next((table for table in tables if _at(document, table) != _at(intended, table)), next(iter(tables)))


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    """The document without empty tables: removing the last table of a kind may leave the kind empty or absent."""
    return {key: value for key, value in document.items() if value != {}}


def _unchangeable(path: str, text: str, table: KeyPath) -> WrongSettings:
    line = line_of(locate(text), table)
    where = f"{printable(path)} (line {line})" if line else printable(path)
    return WrongSettings(
        f"{where}: {dotted(table)} has no header of its own, and cannot be changed here",
        f"write it under [{dotted(table)}], or change it by hand",
    )
