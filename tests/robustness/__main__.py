"""`PYTHONPATH=tests python -m robustness`: a table of every kind of attack, and what was lost or wrong."""

import argparse
import sys
import time
from contextlib import suppress
from importlib import import_module

from rich import box
from rich.console import Console
from rich.table import Table

from oidc_helper import kernel

KINDS = ("races", "crashes", "faults", "fuzzing", "secrets")


def main() -> int:
    options = _arguments()
    with suppress(OSError):
        kernel.join_anonymous_session()  # the keys in the kernel end with this process
    table = Table("what", "run", "lost or wrong", "seconds", box=box.MARKDOWN)
    lost = 0
    for kind in options.only or KINDS:
        began = time.monotonic()
        figures = import_module(f"robustness.{kind}").figures(thorough=options.thorough)
        for what, run, wrong in figures:
            print(f"{what}: {run:,}, {wrong} lost or wrong", file=sys.stderr, flush=True)  # one kind takes many minutes
            table.add_row(what, f"{run:,}", str(wrong))
            lost += wrong
        table.add_row(f"**{kind}**", "", "", f"{time.monotonic() - began:.0f}")
    Console(width=120).print(table)
    return 1 if lost else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="robustness", description=__doc__)
    parser.add_argument("--thorough", action="store_true", help="run everything, which takes hours, and not a sample")
    parser.add_argument("--only", choices=KINDS, action="append", help="run one kind; repeat for more")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
