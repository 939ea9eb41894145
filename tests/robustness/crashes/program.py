"""oidc-helper with its libraries loaded, which forks for each order, so that a run does not pay for imports.

`warm` starts it. It reads one JSON order a line from standard input and writes one JSON result a line.
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
    """Run the command line `words` in `home` with `environment`, and let `harm` happen to it."""
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
    """Prepare the process as a shell would, then run the console entry; never returns."""
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
