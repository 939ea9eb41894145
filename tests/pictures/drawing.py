"""A picture of a terminal: rows of coloured text as SVG, which asks no other site for anything."""

import io
import re
from collections.abc import Iterable, Sequence

import pyte
from pyte.screens import Char
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS = 108
_COLOURS = {"brown": "yellow"}  # pyte's names that rich has not
_WITHOUT_FONTS = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def rows_of(seen: str) -> list[Text]:
    """What a terminal shows that was sent these characters, with the lines that have scrolled away."""
    screen = pyte.HistoryScreen(COLUMNS, 60, history=10_000)
    pyte.Stream(screen).feed(seen)
    lines = [*screen.history.top, *(screen.buffer[number] for number in range(screen.lines))]
    rows = [_row([line[column] for column in range(COLUMNS)]) for line in lines]
    while rows and not rows[-1].plain:
        rows.pop()
    return rows


def _row(characters: Sequence[Char]) -> Text:
    text = Text()
    for one in characters:
        colour = "" if one.fg == "default" else _COLOURS.get(one.fg, one.fg)
        styles = [colour, "bold" if one.bold else "", "reverse" if one.reverse else ""]
        text.append(one.data, " ".join(filter(None, styles)))
    text.rstrip()
    return text


def svg(title: str, rows: Iterable[Text]) -> str:
    """The picture; the same rows give the same one."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="standard")
    for row in rows:
        console.print(row, soft_wrap=True)
    drawn = console.export_svg(title=title, code_format=_WITHOUT_FONTS, unique_id="terminal")
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"
