"""`PYTHONPATH=tests python -m compatibility`: every client of the matrix as a real process, in all columns."""

import argparse
import sys
from contextlib import suppress

from compatibility import environments, rendering, trying
from compatibility.clients import CLIENTS, QUICK

from oidc_helper import kernel


def main() -> None:
    options = _arguments()
    with suppress(OSError):
        kernel.join_anonymous_session()  # the keys of the runs end with us
    names = options.only or (QUICK if options.quick else CLIENTS)
    there = trying.installed(names, _tell)
    surprises = [] if options.install else _try(there, write=options.write and len(there) == len(names))
    sys.exit(1 if surprises or len(there) < len(names) else 0)


def _try(names: list[str], *, write: bool) -> list[str]:
    """Print the table, and name the clients that are not as it is known of them."""
    rows = trying.table(names, _tell)
    versions = {name: environments.version(name, CLIENTS[name]) for name in rows}
    print(rendering.matrix(rows, versions))
    if write:
        rendering.write_readme(rows, versions)
    return [name for name, row in rows.items() if any(cell.surprise for cell in row.values())]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compatibility",
        description=__doc__,
        epilog=f"{environments.VARIABLE} names the directory in which the clients are installed.",
    )
    parser.add_argument(
        "--only", metavar="NAME", choices=CLIENTS, action="append", help="try one client; repeat for more"
    )
    parser.add_argument("--quick", action="store_true", help="only the clients that the tests try too")
    parser.add_argument("--install", action="store_true", help="install the clients, and try none")
    parser.add_argument("--write", action="store_true", help="write the table into README, if all could be tried")
    options = parser.parse_args()
    if options.write and (options.only or options.quick):
        parser.error("--write takes the rows of all clients")
    return options


main()
