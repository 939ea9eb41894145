"""Programs that a step runs, in an environment that is a newcomer's: few variables, and a home that is empty."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

# What leads to a network, and to the packages that are installed from it.
_KEPT = re.compile(
    r"(PATH|LANG|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|(PIP|UV)_\w+|(https?|all|no)_proxy)", re.IGNORECASE
)
_NONE: Mapping[str, str] = MappingProxyType({})


class Failed(Exception):  # noqa: N818  a step failed
    """The release stops; the message says why."""


class LeftOut(Exception):  # noqa: N818  nothing failed
    """A step cannot be done here; the message says what it needs."""


def run(*words: str | Path, variables: Mapping[str, str] = _NONE, umask: int = -1) -> str:
    """Standard output of a program. Raises Failed with the end of what it said."""
    done = tried(*words, variables=variables, umask=umask)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}\n{(done.stdout + done.stderr).strip()[-4_000:]}")
    return done.stdout


def tried(
    *words: str | Path, variables: Mapping[str, str] = _NONE, umask: int = -1
) -> "subprocess.CompletedProcess[str]":
    """The same, whichever way it ends."""
    kept = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    return subprocess.run(
        words,
        env={**kept, **variables},
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
