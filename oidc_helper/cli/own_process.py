"""Runs an order in another process of this program, and gets its answer.

That process has its own session: neither the keyboard nor a signal for our process group ends it.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NoReturn, TextIO

from oidc_helper import redaction
from oidc_helper.cli import streams
from oidc_helper.errors import OidcHelperError, TryAgain
from oidc_helper.machine.deadline import Deadline, DeadlinePassed

_NOT_ENDED_BY = ("SIGTERM", "SIGHUP", "SIGINT")  # a supervisor sends them to every process of a service
_REST_S = 5  # for a process that has answered to end

# -E and -P: neither the caller's PYTHON variables nor its working directory choose what runs. Our own sys.path does,
# which may come from `pip install --target`.
_RUN = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_module(sys.argv[1], run_name='__main__')"
_APART: dict[str, Any]
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
else:
    _APART = {"start_new_session": True}


def ask(module: str, order: object, *, timeout_s: float, stderr: TextIO | None = None) -> Any:
    """Start the module, which must call `do`, hand it the order, and return its answer. Raises OidcHelperError."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-E", "-P", "-c", _RUN, module, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr or subprocess.DEVNULL,
            **_APART,
        )
    except OSError as error:
        raise TryAgain(f"no further process can be started: {error.strerror}", "close other programs") from None
    try:
        outcome = Deadline(timeout_s).run(lambda: _answer_to(order, process.stdin, process.stdout))
    except DeadlinePassed:
        process.kill()
        raise
    except (OSError, EOFError, pickle.UnpicklingError):
        raise TryAgain("a process of oidc-helper ended without an answer", "close other programs") from None
    finally:
        _reap(process)
    if isinstance(outcome, OidcHelperError):
        raise outcome
    return outcome


def do(work: Callable[[Any, streams.Streams], Iterable[object]]) -> NoReturn:
    """Run `work` on the order of the process that started us; the answer is what it yields first, or its error."""
    for number in map(signal.Signals.__members__.get, _NOT_ENDED_BY):
        if number:
            signal.signal(number, lambda *_: None)  # not SIG_IGN, which programs that we start inherit
    redaction.learn_environment(os.environ)
    stdio = streams.divert(quiet=True)
    with os.fdopen(stdio.stdin, "rb") as pipe:
        order = pickle.load(pipe)  # noqa: S301  # of our own program
    try:
        for outcome in work(order, stdio):
            _answer(stdio, outcome)
    except OidcHelperError as error:
        _answer(stdio, error)
    except Exception as error:  # noqa: BLE001  # a bug, whose message may hold secrets
        _answer(stdio, OidcHelperError(f"unexpected {type(error).__name__}, which is a bug", "run it with --debug"))
    os._exit(0)


def _answer(stdio: streams.Streams, outcome: object) -> None:
    """Send an answer and close the stream, whose end the asking process may wait for: later answers are dropped."""
    with suppress(OSError, ValueError), stdio.answer.buffer as pipe:
        pickle.dump(outcome, pipe)


def _answer_to(order: object, stdin: Any, stdout: Any) -> object:
    with stdin as pipe:
        pickle.dump(order, pipe)
    with stdout as pipe:
        return pickle.load(pipe)  # noqa: S301  # of our own program


def _reap(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform != "win32":  # Windows keeps nothing of a process that has ended
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REST_S)
