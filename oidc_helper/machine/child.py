"""Programs that we start and that may not answer: they are ended together with those that they started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from oidc_helper.errors import TryAgain, WrongSettings
from oidc_helper.words import printable


def end(process: "subprocess.Popen[Any]") -> None:
    """Kill a process that leads a session of its own, with its session; never raises, never waits for long."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()  # there are no sessions
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def bounded(time_left: Callable[[], float], what: str) -> Callable[..., "subprocess.Popen[Any]"]:
    """Make a stand-in for subprocess.Popen, for a library that waits for ever; `what` names the process in errors."""

    class Bounded(subprocess.Popen[Any]):
        def __init__(self, words: Any, **streams: Any) -> None:
            apart = sys.platform != "win32"
            try:
                super().__init__(words, stdin=subprocess.DEVNULL, start_new_session=apart, **streams)
            except OSError as error:
                program = printable(str(words[0] if words else ""))
                reason = (
                    "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be run: {error.strerror}"
                )
                raise WrongSettings(f"{what}: its program {program} {reason}", "name it by its whole path") from None

        def communicate(self, *_: Any) -> tuple[Any, Any]:
            timeout_s = time_left()
            try:
                return super().communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                end(self)
                for stream in filter(None, (self.stdout, self.stderr)):
                    stream.close()
                raise TryAgain(
                    f"{what} did not answer within {timeout_s:.0f} s", "raise deadline_seconds if it needs more"
                ) from None

    return Bounded
