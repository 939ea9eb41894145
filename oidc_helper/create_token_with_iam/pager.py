"""A person at a terminal reads the answer through a pager; a file or pipe gets it directly."""

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
    """The stream to write the answer to; an empty answer starts no pager. Raises NotConfigured."""
    if not command or not answer.isatty():
        yield answer
        return
    page = io.StringIO()
    yield page
    if page.getvalue():
        _show(page.getvalue(), command, answer)


def _show(text: str, command: str, answer: TextIO) -> None:
    words: str | list[str] = command if sys.platform == "win32" else shlex.split(command)
    try:
        pager = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=answer,
            shell=sys.platform == "win32",  # `more` is part of the shell there
            env={"LESS": _LESS_FLAGS, **os.environ},
            text=True,
            encoding=answer.encoding,
        )
    except FileNotFoundError:
        raise NotConfigured(
            f"there is no pager {command!r}", "name one with AWS_PAGER, or use none with --no-cli-pager"
        ) from None
    try:
        pager.communicate(text)
    except KeyboardInterrupt:  # the pager gets the signal too, and need not end
        pager.wait()
