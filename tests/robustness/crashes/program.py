"""oidc-helper with its libraries loaded, forked for each order: what a run costs is then the run, not its imports.

Started by `warm`; one JSON order a line on standard input, one JSON outcome a line on standard output.
"""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from fakes import credential_locker
from preloading import preload

from oidc_helper import hotpath, kernel
from robustness.crashes.harms import Harm
from robustness.crashes.tracing import traced
from robustness.crashes.warm import LOCKER
from robustness.mutations import MUTATIONS


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Run the command line `words` in `home` with `environment`, and let `harm` befall it."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        harm = Harm(**order["harm"]) if order["harm"] else None
        trace = traced(lambda: _command(order, stdout, stderr), harm)
        return {
            "killed": trace.killed,
            "calls": trace.calls,
            "started": trace.started,
            "returncode": os.waitstatus_to_exitcode(trace.status),
            "stdout": _content(stdout),
            "stderr": _content(stderr),
        }


def _command(order: dict[str, Any], stdout: BinaryIO, stderr: BinaryIO) -> None:
    """What a shell does, and then the console entry; never returns."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    os.chdir(order["home"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["oidc-helper", *order["words"]]
    with ExitStack() as stack:
        if file := os.environ.get(LOCKER):
            stack.enter_context(credential_locker.installed(credential_locker.Locker(Path(file))))
        hotpath.main()


def _content(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def main() -> None:
    preload()
    kernel.available()
    for mutation in sys.argv[1:]:
        exec(MUTATIONS[mutation], {})  # noqa: S102  # a table of ours
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)


main()
