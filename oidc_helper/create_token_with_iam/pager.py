"""A person at a terminal reads the answer through a pager; everything else gets it as it is."""

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from oidc_helper.create_token_with_iam.exits import NotConfigured

_LESS_FLAGS = "FRX"  # leave at once where it fits, keep colours, do not clear the screen


@contextmanager
def opened(answer: TextIO, command: str) -> Iterator[TextIO]:
    """Where to write the answer; the pager `command` is not started for an empty one. Raises NotConfigured."""
    if not command or not answer.isatty():
        yield answer
        return
    page = io.StringIO()
    yield page
    if page.getvalue():
        _show(page.getvalue(), command, answer.encoding)


def _show(text: str, command: str, encoding: str) -> None:
    words: str | list[str] = command if sys.platform == "win32" else shlex.split(command)
    try:
        pager = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            shell=sys.platform == "win32",  # `more` is part of the shell there
            env={"LESS": _LESS_FLAGS, **os.environ},
            text=True,
            encoding=encoding,
        )
    except FileNotFoundError:
        raise NotConfigured(
            f"there is no pager {command!r}", "name one with AWS_PAGER, or use none with --no-cli-pager"
        ) from None
    try:
        pager.communicate(text)
    except KeyboardInterrupt:  # the pager has seen it too, and decides what it means
        pager.wait()
