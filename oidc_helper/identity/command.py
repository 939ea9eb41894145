"""Identity tokens and client secrets that another program prints; it runs without a shell, within a deadline."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from oidc_helper import redaction
from oidc_helper.errors import SignInNeeded, WrongSettings
from oidc_helper.machine import child, reentry
from oidc_helper.settings import Identity
from oidc_helper.words import printable

_SECRET_FROM = 8  # characters: shorter words of an output are ordinary words, not secrets


def fetch(identity: Identity, timeout_s: float) -> str | None:
    """The command's stdout. Raises OidcHelperError."""
    return output(identity.command, identity.name, "identity command", timeout_s)


def output(words: Sequence[str], identity_name: str, role: str, timeout_s: float) -> str:
    """The stdout of a command that the settings name for that identity. Raises as `printed`, and refuses re-entry."""
    reentry.refuse_command(identity_name, words)
    return printed(words, identity_name, role, timeout_s)


def printed(words: Sequence[str], identity_name: str, role: str, timeout_s: float) -> str:
    """The stdout of a command, which messages call by its `role`; if it fails, the error shows its stderr.

    Raises OidcHelperError.
    """
    name = f"the {role} {printable(words[0])}"
    process = _start(words, name, identity_name)
    answer, errors = child.streams(process, name, timeout_s)
    if max(len(answer), len(errors)) > child.LARGEST:
        raise SignInNeeded(f"{name} printed more than any identity token or secret")
    if process.returncode != 0:
        # Its error message may repeat the secret that it printed.
        redaction.learn(*(word for word in answer.decode(errors="replace").split() if len(word) >= _SECRET_FROM))
        complaint = errors.decode(errors="replace").strip()
        if cycle := reentry.cycle_in(complaint):
            raise cycle
        raise SignInNeeded(
            f"{name} {_ending(process.returncode)}"
            + (f": {printable(complaint.splitlines()[-1])}" if complaint else ""),
        )
    try:
        return answer.decode("ascii")
    except UnicodeDecodeError:
        raise SignInNeeded(f"{name} printed something that is not text") from None


def _start(words: Sequence[str], name: str, identity_name: str) -> "subprocess.Popen[bytes]":
    try:
        # In its own session, so that a program that takes too long is ended with all the processes that it has started.
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, reentry.VARIABLE: f"identity {identity_name}"},
            start_new_session=sys.platform != "win32",
        )
    except FileNotFoundError:
        raise WrongSettings(f"{name} does not exist", "name it by its whole path") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WrongSettings(
            f"{name} cannot be started: {reason}", f"name a program: ls -l {printable(words[0])}"
        ) from None


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
