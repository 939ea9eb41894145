"""Programs that we start and that may not answer: we end them together with the programs that they started."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from oidc_helper.errors import TryAgain, WrongSettings
from oidc_helper.words import printable

LARGEST = 65_536  # bytes of each stream; no identity token and no answer of a credential_process is that long
_PIECE = 8_192  # bytes
_REST_S = 1  # to read the rest that an ended process left in its pipes
# A shell whose standard input ends when we do, even by SIGKILL; then it kills the session $0.
_GUARD = ("/bin/sh", "-c", 'read end; kill -s KILL -- "-$0"')


def end(process: "subprocess.Popen[Any]") -> None:
    """Kill a process that leads its own session, and that session; never raises, never waits for long."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()  # there are no sessions
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def streams(process: "subprocess.Popen[bytes]", name: str, timeout_s: float) -> tuple[bytes, bytes]:
    """The stdout and stderr of a process that leads its own session, once it has ended by itself.

    A daemon that it left behind may hold the pipes open; we do not wait for that. A process that writes more than
    LARGEST bytes to a stream is killed, and that stream is then longer than LARGEST. If we die meanwhile, the process
    is killed too. Raises TryAgain, which calls the process `name`, if it took too long and was killed.
    """
    contents = bytearray(), bytearray()

    def read(stream: IO[bytes], content: bytearray) -> None:
        with stream:
            while len(content) <= LARGEST and (piece := os.read(stream.fileno(), _PIECE)):
                content += piece
            if len(content) > LARGEST:
                end(process)

    pipes = (process.stdout, process.stderr)
    readers = [threading.Thread(target=read, args=pair, daemon=True) for pair in zip(pipes, contents, strict=True)]
    waiting = threading.Thread(target=process.wait, daemon=True)
    try:
        with _guarded(process):
            for thread in (waiting, *readers):
                thread.start()
            waiting.join(timeout_s)
        if waiting.is_alive():
            raise TryAgain(f"{name} did not answer within {timeout_s:.0f} s", "raise deadline_seconds if it needs more")
    finally:
        if process.poll() is None:
            end(process)
    for reader in readers:
        reader.join(_REST_S)
    return bytes(contents[0]), bytes(contents[1])


@contextmanager
def _guarded(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Kill the session of a process if we die meanwhile; if no shell can be started for that, the process goes on."""
    null = subprocess.DEVNULL
    guard = None
    if sys.platform != "win32":
        with suppress(OSError):
            guard = subprocess.Popen(
                [*_GUARD, str(process.pid)], stdin=subprocess.PIPE, stdout=null, stderr=null, start_new_session=True
            )
    try:
        yield
    finally:
        if guard:
            guard.kill()  # before its standard input ends, at which it would kill the session
            guard.communicate()


def bounded(time_left: Callable[[], float], name: str) -> Callable[..., "subprocess.Popen[Any]"]:
    """A stand-in for subprocess.Popen, for a library that would wait for ever; errors call the process `name`."""

    class Bounded(subprocess.Popen[Any]):
        def __init__(self, words: Any, **pipes: Any) -> None:
            has_sessions = sys.platform != "win32"
            try:
                super().__init__(words, stdin=subprocess.DEVNULL, start_new_session=has_sessions, **pipes)
            except OSError as error:
                program = printable(str(words[0] if words else ""))
                reason = (
                    "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be run: {error.strerror}"
                )
                raise WrongSettings(f"{name}: its program {program} {reason}", "name it by its whole path") from None

        def communicate(self, *_: Any) -> tuple[Any, Any]:
            return streams(self, name, time_left())

    return Bounded
