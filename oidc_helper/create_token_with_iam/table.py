"""The AWS CLI's table: sections of one width, nested ones between bars.

No table library draws sections that share a frame, nor the reset that the AWS CLI writes after every piece of colour.
"""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, TextIO

from oidc_helper.create_token_with_iam.exits import Failed

_CELL = "\x1b[1m\x1b[34m{}\x1b[0m"
_BAR = "\x1b[2m\x1b[33m|\x1b[0m"
_RESET = "\x1b[0m"
_CELL_FRAME = 4  # two spaces before, one after, and a bar


@dataclass(frozen=True)
class Style:
    """`width` is the terminal's in columns; with `resets` a reset follows every write, as with colorama's autoreset."""

    colour: bool
    resets: bool
    width: int


@dataclass
class _Section:
    title: str | None
    depth: int
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def add_row(self, cells: Iterable[Any]) -> None:
        row = [str(cell) for cell in cells]
        first = self.headers or (self.rows[0] if self.rows else row)
        if len(row) != len(first):
            raise Failed(
                f"a table cannot show rows of {len(first)} and of {len(row)} cells together", "use --output json"
            )
        self.rows.append(row)

    def add_headers(self, headers: list[str]) -> None:
        if self.rows and len(headers) != len(self.rows[0]):
            raise Failed("a table cannot show lists and maps together", "use --output json")
        self.headers = headers

    @property
    def columns(self) -> list[int]:
        """The width of each column, with its frame."""
        lines = [self.headers, *self.rows] if self.headers else self.rows
        return [max(_width(line[i]) for line in lines) + _CELL_FRAME for i in range(len(lines[0]))] if lines else []

    @property
    def width(self) -> int:
        return max(sum(self.columns) + 2, _width(str(self.title)) + 2) + 2 * self.depth

    def turned(self) -> "_Section":
        """The section with one line for each header, if it has a single row below them."""
        if len(self.rows) != 1 or not self.headers:
            return self
        pairs = [list(pair) for pair in zip(self.headers, self.rows[0], strict=False)]
        return _Section(self.title, self.depth, rows=pairs)


def write(title: str, value: Any, out: TextIO, style: Style) -> None:
    """Print one table, or nothing for an empty value. Raises Failed if no table can show the value."""
    sections: list[_Section] = []
    if not _collect(sections, title, value, 0):
        return
    width = max(section.width for section in sections)
    if width > style.width:
        sections = [section.turned() for section in sections]
        width = max(section.width for section in sections)
    reset = _RESET if style.resets else ""
    out.write("-" * width + "\n" + reset)
    for section in sections:
        bar = (_BAR if style.colour else "|") * section.depth
        for line in _lines(section, width - 2 * section.depth, colour=style.colour):
            out.writelines(piece + reset for piece in (bar, line, bar, "\n"))


def _collect(sections: list[_Section], title: str | None, value: Any, depth: int) -> bool:
    """Append the sections of a value; one without a title continues the last. False for an empty value."""
    if not value:
        return False
    if title is not None:
        sections.append(_Section(title, depth))
    if isinstance(value, dict):
        _collect_map(sections, value, depth)
    elif isinstance(value, list) and isinstance(value[0], dict):
        _collect_maps(sections, title, value, depth)
    elif isinstance(value, list):
        for item in value:
            _collect_item(sections, item)
    return True


def _collect_item(sections: list[_Section], item: Any) -> None:
    if not nests(item):
        sections[-1].add_row([item])
    elif not any(nests(inner) for inner in item):
        sections[-1].add_row(item)
    else:
        _collect(sections, None, item, 0)


def _collect_map(sections: list[_Section], value: dict[str, Any], depth: int) -> None:
    flat, nested = _keys([value])
    if len(flat) == 1:
        sections[-1].add_row([flat[0], value[flat[0]]])
    elif flat:
        sections[-1].add_headers(flat)
        sections[-1].add_row([value[key] for key in flat])
    for key in nested:
        _collect(sections, key, value[key], depth + 1)


def _collect_maps(sections: list[_Section], title: str | None, maps: list[Any], depth: int) -> None:
    flat, nested = _keys(maps)
    sections[-1].add_headers(flat)
    for number, item in enumerate(maps):
        if number and nested:
            sections.append(_Section(title, depth, flat))
        sections[-1].add_row([item.get(key, "") for key in flat])
        for key in nested:
            if key in item:
                _collect(sections, key, item[key], depth + 1)


def _keys(maps: Sequence[Any]) -> tuple[list[str], list[str]]:
    """The sorted keys of scalar values, and of nested ones."""
    if not all(isinstance(item, dict) for item in maps):
        raise Failed("a table cannot show a list of maps and other values together", "use --output json")
    items = [pair for item in maps for pair in item.items()]
    return sorted({key for key, inner in items if not nests(inner)}), sorted(
        {key for key, inner in items if nests(inner)}
    )


def nests(value: Any) -> bool:
    """Whether a value needs a place of its own beside scalars."""
    return isinstance(value, dict | list)


def _lines(section: _Section, width: int, *, colour: bool) -> Iterator[str]:
    columns = _stretched(section.columns, width)
    rule = "+" + "+".join("-" * (column - 1 - (not number)) for number, column in enumerate(columns)) + "+"
    if section.title:
        yield _centred(section.title, width, "|")
        if not section.headers and not section.rows:
            yield f"+{'-' * (width - 2)}+"
    if section.headers:
        yield rule
        yield "".join(
            _centred(header, column, "" if number else "|")
            for number, (header, column) in enumerate(zip(section.headers, columns, strict=False))
        )
    if section.rows and columns:
        yield rule
        for row in section.rows:
            yield "|" + "".join(
                _left(cell, column - (not number), colour=colour)
                for number, (cell, column) in enumerate(zip(row, columns, strict=False))
            )
        yield rule


def _stretched(columns: list[int], width: int) -> list[int]:
    """The columns scaled to the width; a surplus from rounding is cut from the left, a lack filled from the right."""
    if not columns:
        return []
    scale = width / sum(columns)
    stretched = [round(scale * column) for column in columns]
    excess = sum(stretched) - width
    order = range(len(columns)) if excess > 0 else range(len(columns) - 1, -1, -1)
    for number in islice(cycle(order), abs(excess)):
        stretched[number] -= int(math.copysign(1, excess))
    return stretched


def _centred(text: str, width: int, left_edge: str) -> str:
    length = _width(text)
    before = width // 2 - length // 2 - 1
    after = width - 1 - len(left_edge) - before - length
    return f"{left_edge}{' ' * before}{text}{' ' * after}|"


def _left(cell: str, width: int, *, colour: bool) -> str:
    """A cell and its right bar, together of the width."""
    length = _width(cell)
    before = 2 if width >= length + 3 else 0
    shown = _CELL.format(cell) if colour else cell
    return f"{' ' * before}{shown}{' ' * (width - 1 - before - length)}|"


def _width(text: str) -> int:
    """The columns on a terminal: East Asian wide, full-width and ambiguous characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
