"""A program that replaces this process, with its own environment."""

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from oidc_helper.errors import OidcHelperError
from oidc_helper.handover import hit
from oidc_helper.words import printable

_EXIT_CODES = {errno.ENOENT: 127, errno.ENOTDIR: 127}  # those of shells; 126 if the program exists


def shell(environment: Mapping[str, str]) -> str:
    """The person's shell."""
    if sys.platform == "win32":
        return environment.get("COMSPEC", "cmd.exe")
    return environment.get("SHELL") or "/bin/sh"


def become(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Replace this process; on Windows, which cannot, return the exit code of a child. Raises OidcHelperError."""
    if sys.platform == "win32":
        return _child(words, environment)
    raise _not_run(words[0], hit.replace_process(list(words), dict(environment)))


def _child(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a child, which gets Ctrl-C too and decides what it means."""
    import subprocess

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(list(words), env=dict(environment), check=False).returncode
    except (OSError, ValueError) as error:
        raise _not_run(words[0], error) from None


def _not_run(program: str, error: OSError | ValueError) -> OidcHelperError:
    """The error for a program that cannot be run, such as one without a name, with the exit code that shells use."""
    number = error.errno if isinstance(error, OSError) else errno.ENOENT
    reason = "does not exist" if number == errno.ENOENT else f"cannot be run: {os.strerror(number or 0)}"
    failure = OidcHelperError(f"{printable(program) or repr('')} {reason}", "name it by its whole path, or check PATH")
    failure.exit_code = _EXIT_CODES.get(number or 0, 126)
    return failure
