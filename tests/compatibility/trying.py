"""Tries the clients one after the other; meanwhile all wait together for credentials to end."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from compatibility import columns, environments
from compatibility.clients import CLIENTS, COLUMNS
from compatibility.site import site

from oidc_helper.emulator.keys import SigningKeys

YES, NO, NOT_RUN = "yes", "no", "–"  # noqa: RUF001  the mark of what is not there
WAITING = "refresh"


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
        seen = columns.TRIALS[column](here)
    if column == "hit":
        return Cell(seen)
    if not seen:
        return Cell(YES, "works, although `clients` says that it does not" if column in client.lacks else "")
    return Cell(NO, "" if column in client.lacks else seen)


def table(names: Iterable[str], tell: Callable[[str], None]) -> dict[str, Row]:
    """A row for each client. Those that cannot be installed are told, and have no row."""
    keys, here = SigningKeys("RS256", "ES256"), list[str]()
    for name in names:
        try:
            environments.install(name, CLIENTS[name])
            here.append(name)
        except environments.NotInstalled as missing:
            tell(f"{name}: not installed: {missing}")
    with ThreadPoolExecutor(len(here) or 1) as together:
        waiting = {name: together.submit(tried, name, WAITING, keys) for name in here}
        rows: dict[str, Row] = {name: {} for name in here}
        for column, name in product(sorted(COLUMNS, key=WAITING.__eq__), here):
            cell = rows[name][column] = waiting[name].result() if column == WAITING else tried(name, column, keys)
            seen = f", not as expected: {cell.surprise}" if cell.surprise else ""
            tell(f"{name}, {column}: {cell.shown}{seen}")
    return rows
