"""A file of the configuration as a layer: what it says, and on which line; no rule is checked here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from oidc_helper.settings.lines import KeyPath, line_of, locate
from oidc_helper.words import shown

_LONGEST_NAME = 64
_NAMED = ("identity", "profile", "generated")  # kinds of tables that have names


@dataclass(frozen=True)
class Layer:
    """One file; `document` is its text, parsed."""

    path: str
    text: str
    document: Mapping[str, Any]

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """The line of each key."""
        return locate(self.text)

    def place(self, table: KeyPath, key: str) -> "Place":
        """Where the key of the table is written."""
        return Place(self.path, table, line_of(self.lines, (*table, key)) or 0)

    def depth(self, path: KeyPath) -> int:
        """How many parts of the path, from its beginning, this layer has."""
        table: Any = self.document
        for depth, part in enumerate(path):
            if not isinstance(table, dict) or part not in table:
                return depth
            table = table[part]
        return len(path)


class Place(NamedTuple):
    """Where a value is written; line 0 means unknown, and a default has no file."""

    file: str
    table: KeyPath
    line: int

    def __str__(self) -> str:
        """`profile.analytics (line 14)`, or `default`."""
        if not self.file:
            return "default"
        return f"{dotted(self.table)} (line {self.line})" if self.line else dotted(self.table)


DEFAULT = Place("", (), 0)


def layer_of(layers: Sequence[Layer], path: KeyPath) -> Layer:
    """The first layer that has the path, or else the first with the longest beginning of it."""
    return max(layers, key=lambda layer: layer.depth(path))


def names(layers: Sequence[Layer], kind: str) -> list[str]:
    """The names of the tables [KIND.NAME] of all layers."""
    return list(dict.fromkeys(name for layer in layers for name, _ in _tables(layer.document, kind)))


def document(layers: Sequence[Layer]) -> dict[str, Any]:
    """All layers merged: for each key the first layer wins, and an inner table counts as one value."""
    whole: dict[str, Any] = {}
    for layer in reversed(layers):
        whole |= {key: value for key, value in layer.document.items() if key not in ("defaults", *_NAMED)}
        if isinstance(defaults := layer.document.get("defaults"), dict):
            whole["defaults"] = whole.get("defaults", {}) | defaults
        for kind in _NAMED:
            for name, table in _tables(layer.document, kind):
                named = whole.setdefault(kind, {})
                named[name] = named.get(name, {}) | table
    return whole


def _tables(written: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tables = written.get(kind)
    if isinstance(tables, dict):
        yield from ((name, table) for name, table in tables.items() if isinstance(table, dict))


def dotted(key: KeyPath) -> str:
    """The key's path as TOML writes it; a part that is not a bare key is quoted, escaped and shortened."""
    return ".".join(
        part if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_LONGEST_NAME}}}", part) else f'"{shown(part, _LONGEST_NAME)[1:-1]}"'
        for part in key
    )
