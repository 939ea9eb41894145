"""The Python of a program that brings its own, as the AWS CLI's installer does; no other Python can use it."""

import re
import subprocess
import sys
from pathlib import Path

# Each ends another Python at once; `{}` is where the library is.
VARIABLES = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "{}", "LD_LIBRARY_PATH": "{}"}


def write_library(directory: Path, spared: str = "/usr/bin/env") -> None:
    """A Python library, and the system libraries that a Python needs and env and the `spared` program do not."""
    directory.mkdir(exist_ok=True)
    (directory / "encodings.py").write_text("raise SystemExit('theirs')")
    for name in _linked(sys.executable) - _linked("/usr/bin/env") - _linked(spared):
        (directory / name).write_text("no library")


def _linked(program: str) -> set[str]:
    """The libraries that the system loads for a program; none for one that is linked statically."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return set(re.findall(r"^\s*(\S+) =>", done.stdout, re.MULTILINE))
