"""The pager in which a person at a terminal reads a long text."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import TextIO

_LESS_FLAGS = "FRX"  # quit at once if the text fits, keep colours, do not clear the screen


def chosen(*variables: str) -> str:
    """The pager's command: the first that a variable names, or else the first that is installed, or else empty."""
    named = next(filter(None, map(os.environ.get, variables)), "")
    return named or next(filter(shutil.which, ("less", "more")), "")


def show(text: str, command: str, answer: TextIO) -> None:
    """Let the pager show the text. Raises OSError if it cannot be started, ValueError if it is not a command."""
    is_windows = sys.platform == "win32"  # there `more` belongs to the shell
    run(command if is_windows else shlex.split(command), answer, text, shell=is_windows)


def run(words: Sequence[str], answer: TextIO, text: str | None = None, *, shell: bool = False) -> int:
    """Run a program until the person has seen enough, and return its exit code. Raises OSError.

    It shows the text, or else the file that its words name; in that case its stderr is dropped.
    """
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=answer,
        stderr=subprocess.DEVNULL if text is None else None,
        shell=shell,
        env={"LESS": _LESS_FLAGS, **os.environ},
        encoding=answer.encoding,
        errors=answer.errors,
    )
    try:
        process.communicate(text)
    except KeyboardInterrupt:  # the program gets the signal too, and may go on
        process.wait()
    return process.returncode
