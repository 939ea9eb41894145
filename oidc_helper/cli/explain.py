"""`explain`: the settings of a profile and where each came from, as a table for people or as JSON."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from oidc_helper import settings
from oidc_helper.cli import streams
from oidc_helper.person import folding
from oidc_helper.settings.rules import serves
from oidc_helper.words import printable

_LONGEST = 1_000  # characters of a value, a path or a problem
_LEAST_FOR_VALUES = 24  # columns; with fewer, each setting has its own lines
_GAP = 2  # blanks between two columns
_USER = "user"  # the label of the user's file


class _Row(NamedTuple):
    """A setting for people; `origin` is the file and line, `label` the same with the file's short name.

    A variable has neither.
    """

    name: str
    value: str
    origin: str = ""
    label: str = ""


def explain(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the resolved settings of a profile."""
    loaded = settings.load()
    if options.profile not in loaded.profiles:
        loaded.require_sound()  # a profile that cannot be used: report everything that is wrong
    described = settings.explain(loaded, loaded.profile(options.profile))
    if options.json:
        answer.write(json.dumps(described, indent=2) + "\n")
    else:
        _show(described, answer)
    return 0


def _show(described: Mapping[str, Any], answer: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    text = StringIO()  # written at once, so that a failure to write is one error
    width = streams.columns(answer)
    console = Console(file=text, force_terminal=answer.isatty(), width=width or 10_000, highlight=False, soft_wrap=True)
    files = {file: (_below_home(file) if width else _whole(file), label) for file, label in _labels(described).items()}
    explained = _applying(described["settings"], described["target"])
    for line in streams.fitting([_heading(described)], answer):
        console.print(Text(line), style="bold")
    console.print()
    _print_rows(console, list(_of_settings(explained, files)), width)
    console.print()
    if environment := list(_of_environment(described["environment"])):
        _print_rows(console, environment, width)
        console.print()
    table = [line.rstrip() for line in text.getvalue().splitlines()]
    rest = streams.fitting(_beside_settings(described, explained, files), answer)
    answer.write("".join(f"{line}\n" for line in (*table, *rest)))


def _applying(explained: Mapping[str, Any], target: str | None) -> dict[str, Any]:
    """The settings that a profile with that kind of target may have; without a target, it may still get any of them."""
    return {name: setting for name, setting in explained.items() if not target or serves(name, target)}


def _beside_settings(
    described: Mapping[str, Any], explained: Mapping[str, Any], files: Mapping[str, tuple[str, str]]
) -> Iterator[str]:
    """The lines below the settings: the files, the keys that are not set, and what is wrong."""
    for path, (file, label) in files.items():
        yield f"{label}: {file}" if Path(path).exists() else f"{label}: nothing at {file}"
    if unset := [name for name, setting in explained.items() if not _is_set(setting)]:
        yield f"not set: {', '.join(unset)}"
    for problem in described["problems"]:
        yield f"wrong settings: {printable(problem, _LONGEST)}"


def _heading(described: Mapping[str, Any]) -> str:
    target, grant = described["target"] or "tokens only", described["grant"].rpartition(":")[2]
    return f"{described['profile']}: {target}, by the grant {grant}"


def _labels(described: Mapping[str, Any]) -> dict[str, str]:
    """A short name for each file."""
    site = described["site"]
    names = ["site"] if len(site) == 1 else [f"site {number}" for number in range(1, len(site) + 1)]
    return {described["config"]["value"]: _USER} | dict(zip(site, names, strict=True))


def _of_settings(
    explained: Mapping[str, Any], files: Mapping[str, tuple[str, str]], indent: str = ""
) -> Iterator[_Row]:
    """The settings that are set, those of the identity below its name; `files` has the name and label of each file."""
    for name, setting in explained.items():
        if not _is_set(setting):
            continue
        origin = label = "default"
        if setting["file"]:
            origin, label = (f"{each}:{setting['line'] or '?'}" for each in files[setting["file"]])
            origin += "" if label.startswith(_USER) else " (site)"
        yield _Row(indent + name, printable(_worded(setting["value"]), _LONGEST), origin, label)
        yield from _of_settings(setting.get("settings", {}), files, f"{indent}  ")


def _of_environment(variables: Mapping[str, str]) -> Iterator[_Row]:
    for name, value in variables.items():
        yield _Row(printable(name), printable(value, _LONGEST))


def _is_set(setting: Mapping[str, Any]) -> bool:
    return setting["value"] not in (None, "", [], {})


def _worded(value: Any) -> str:
    """A value of the settings as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_worded(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _below_home(file: str) -> str:
    """The path, with a ~ for the home directory."""
    home = os.environ.get("HOME", "").rstrip(os.sep)
    return _whole(f"~{file.removeprefix(home)}" if home and file.startswith(f"{home}{os.sep}") else file)


def _whole(file: str) -> str:
    return printable(file, _LONGEST)


def _print_rows(console: Any, rows: Sequence[_Row], width: int) -> None:
    """A table with files and lines if it fits the terminal, or with the files' short names, or else a list."""
    from rich.table import Table
    from rich.text import Text

    def longest(texts: Iterator[str]) -> int:
        return max(map(len, texts), default=0)

    names, values = longest(row.name for row in rows), longest(row.value for row in rows)
    origins, labels = longest(row.origin for row in rows), longest(row.label for row in rows)
    fits = names + values + origins + 2 * _GAP <= width
    if width and not fits and width - names - labels - 2 * _GAP < _LEAST_FOR_VALUES:
        for row in rows:
            console.print(Text(f"{row.name} ({row.label})" if row.label else row.name))
            indent = " " * (_GAP + len(row.name) - len(row.name.lstrip()))
            for part in folding.column(row.value, width - len(indent)):
                console.print(Text(indent + part))
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    titles = ("setting", "value", "from") if labels else ("variable", "value")
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title != "value")
    for row in rows:
        cells = (row.name, row.value, row.origin if fits else row.label)
        table.add_row(*map(Text, cells[: len(titles)]))
    console.print(table, soft_wrap=False)
