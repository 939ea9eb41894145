"""The pager through which a person at a terminal reads a long text."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import TextIO

_LESS_FLAGS = "FRX"  # leave at once where it fits, keep colours, do not clear the screen


def chosen(*variables: str) -> str:
    """The command of a pager: of the first variable that names one, or the first that is there; empty where none is."""
    named = next(filter(None, map(os.environ.get, variables)), "")
    return named or next(filter(shutil.which, ("less", "more")), "")


def show(text: str, command: str, answer: TextIO) -> None:
    """Let the pager show the text. Raises OSError where it cannot be started, ValueError where it is no command."""
    is_windows = sys.platform == "win32"  # where `more` is part of the shell
    run(command if is_windows else shlex.split(command), answer, text, shell=is_windows)


def run(words: Sequence[str], answer: TextIO, text: str | None = None, *, shell: bool = False) -> int:
    """Run a program until the person has seen enough, and return its exit code. Raises OSError.

    It shows the text, or else what its words name; then it has nothing else to say.
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
    except KeyboardInterrupt:  # the program gets the signal too, and need not end
        process.wait()
    return process.returncode
