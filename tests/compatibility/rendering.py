"""The matrix as README shows it, and what is told of other tools by the client that speaks for them."""

import re
from collections.abc import Mapping
from pathlib import Path

from compatibility.asked import ASKED
from compatibility.clients import CLIENTS, COLUMNS
from compatibility.columns import HOSTILE
from compatibility.trying import Row

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"(?<=<!-- compatibility -->\n).*?(?=<!-- end -->)", re.DOTALL)
_LEFT = 3  # columns of words
_TOOL = "tool"  # the first head of the table of tools
_NONE = "–"  # noqa: RUF001  the mark of what is not there


def matrix(rows: Mapping[str, Row], versions: Mapping[str, str]) -> str:
    """A table in Markdown, and below it the reasons of what is not `yes`."""
    heads = ["", "version", "SDK", *COLUMNS]
    lines = [_line(heads), _line(["---"] * _LEFT + [":-:"] * len(COLUMNS))]
    for name, row in rows.items():
        lines.append(_line([name, versions[name], CLIENTS[name].sdk, *(row[column].shown for column in COLUMNS)]))
    return "\n".join([*asked(), "", *lines, "", *reasons(), "", *meanings()])


def asked() -> list[str]:
    """A table of the tools that people ask about."""
    rows = [[tool, answer.client or _NONE, answer.tried, answer.answer] for tool, answer in ASKED.items()]
    return [_line(line) for line in ([_TOOL, "row in the matrix", "tried", "does it work?"], ["---"] * 4, *rows)]


def reasons() -> list[str]:
    """A line for each reason, with all clients and columns that it holds for."""
    holds: dict[str, dict[str, list[str]]] = {}
    for name, client in CLIENTS.items():
        for column, reason in {**client.lacks, **client.not_run}.items():
            holds.setdefault(reason, {}).setdefault(name, []).append(column)
    lines = []
    for reason, names in holds.items():
        columns = dict.fromkeys(column for listed in names.values() for column in listed)
        lines.append(f"- {', '.join(names)}; {', '.join(columns)}: {reason}.")
    return lines


def meanings() -> list[str]:
    """What the columns ask, and in which environments."""
    told = [f"- **{column}**: {meaning}" for column, meaning in COLUMNS.items()]
    return [*told, "", f"Hostile environments: {'; '.join(HOSTILE)}."]


def write_readme(rows: Mapping[str, Row], versions: Mapping[str, str]) -> None:
    """Put the matrix in the place of the former one."""
    README.write_text(_BLOCK.sub(lambda _: f"\n{matrix(rows, versions)}\n\n", README.read_text()))


def shown() -> dict[str, dict[str, str]]:
    """The rows of README: client, column, cell."""
    (block,) = _BLOCK.findall(README.read_text())
    lines = block[block.index("|  | version") :].splitlines()
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
