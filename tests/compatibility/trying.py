"""Tries the clients one after the other; meanwhile all wait together for credentials to end."""

import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from compatibility import columns, environments
from compatibility.clients import CLIENTS, COLUMNS
from compatibility.site import site

from oidc_helper.emulator.keys import SigningKeys

YES, NO, NOT_RUN = "yes", "no", "–"  # noqa: RUF001  the mark of what is not there
WAITING = ("refresh", "endpoint")
LAST = [*WAITING, "hit", "hit"]  # a hit is measured when nothing else runs


@dataclass(frozen=True)
class Cell:
    """What the table shows, and what was seen where that is not what `clients` says."""

    shown: str
    surprise: str = ""


Row = dict[str, Cell]


def tried(name: str, column: str, keys: SigningKeys) -> Cell:
    """Try one client in a new home."""
    client = CLIENTS[name]
    if column in client.not_run:
        return Cell(NOT_RUN)
    with (
        tempfile.TemporaryDirectory(prefix="compatibility-") as directory,
        site(name, client, Path(directory), keys) as here,
    ):
        try:
            seen = columns.TRIALS[column](here)
        except (subprocess.TimeoutExpired, AssertionError) as failed:
            seen = str(failed)
    if seen.endswith(" ms"):
        return Cell(seen)
    if not seen:
        return Cell(YES, "it works, although clients.py says that it does not" if column in client.lacks else "")
    return Cell(NO, "" if column in client.lacks else seen)


def installed(names: Iterable[str], tell: Callable[[str], None]) -> list[str]:
    """Install them, and name those that are there then; of each other it is told what it needs."""
    there = []
    for name in names:
        try:
            environments.install(name, CLIENTS[name])
            there.append(name)
        except environments.NotInstalled as missing:
            tell(f"{name}: not installed: {missing}")
    return there


def table(names: Collection[str], tell: Callable[[str], None]) -> dict[str, Row]:
    """A row for each client, which must be installed."""
    keys = SigningKeys("RS256", "ES256")
    rows: dict[str, Row] = {name: {} for name in names}
    with ThreadPoolExecutor(len(names) * len(WAITING) or 1) as together:
        waiting = {cell: together.submit(tried, *cell, keys) for cell in product(names, WAITING)}
        for column, name in product(sorted(COLUMNS, key=LAST.count), names):
            begun = waiting.get((name, column))
            cell = rows[name][column] = begun.result() if begun else tried(name, column, keys)
            seen = f", not as expected: {cell.surprise}" if cell.surprise else ""
            tell(f"{name}, {column}: {cell.shown}{seen}")
    return rows
