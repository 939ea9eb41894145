"""Runs commands without the 0.5 s that imports take: one process imports everything and forks for each command.

Otherwise `Zygote.run` is like `Home.run`: the command has its own streams, environment, working directory and exit
code, and runs the installed entry. `python -m zygote DESCRIPTOR ENTRY` is the process that forks.
"""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

TESTS = Path(__file__).parent
COMMAND = Path(sysconfig.get_path("scripts")) / "oidc-helper"
Done = subprocess.CompletedProcess[str]


OURS = "oidc_helper.hotpath:main"
AWS_CLI = "awscli.clidriver:main"
_SET_BY_LIBRARIES: dict[str, str] = {}  # variables, when they are loaded
# Hands its own streams over, and ends as the command did; without site, it starts in 10 ms.
_CLIENT = """#!{python} -ISs
import json, os, socket, sys
order = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), ""]).encode()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({socket!r})
    socket.send_fds(connection, [len(order).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(order)
    sys.exit(int(connection.recv(16)))
"""


class Zygote:
    """The process that forks, for commands of one entry; a context manager. Several commands may run at once."""

    def __init__(self, entry: str = OURS) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="zygote-")
        self._path = str(Path(self._directory.name, "socket"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._path)
        listener.listen(64)
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zygote", str(listener.fileno()), entry],
                env={**os.environ, "PYTHONPATH": str(TESTS)},
                stdin=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._process.kill()
        self._directory.cleanup()

    def run(self, words: Sequence[str], environment: Mapping[str, str], where: Path, before: str = "") -> Done:
        """Run a command; its process runs the statements `before` first."""
        order = json.dumps([list(words), dict(environment), str(where), before]).encode()
        (our_out, their_out), (our_err, their_err) = os.pipe(), os.pipe()
        with socket.socket(socket.AF_UNIX) as connection, Path(os.devnull).open() as null:
            connection.connect(self._path)
            socket.send_fds(connection, [len(order).to_bytes(4)], [null.fileno(), their_out, their_err])
            os.close(their_out)
            os.close(their_err)
            connection.sendall(order)
            with os.fdopen(our_out, encoding="utf-8") as stdout, os.fdopen(our_err, encoding="utf-8") as stderr:
                status = connection.recv(16)
                assert status, "the process of the command ended without a status"
                return Done(list(words), int(status), stdout.read(), stderr.read())  # both fit into a pipe

    def write_program(self, file: Path) -> None:
        """Write a program that is one of its commands, for scripts that start it."""
        file.write_text(_CLIENT.format(python=sys.executable, socket=self._path))
        file.chmod(0o755)


def _serve(listener: socket.socket, entry: Callable[[], int]) -> NoReturn:
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _supervise(connection, entry)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _supervise(connection: socket.socket, entry: Callable[[], int]) -> NoReturn:
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    order = b""
    while len(order) < int.from_bytes(length):
        order += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        connection.close()
        _work(entry, streams, *json.loads(order))
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _work(
    entry: Callable[[], int], streams: list[int], words: list[str], environment: dict[str, str], where: str, before: str
) -> NoReturn:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, max(streams) + 1)
    os.environ.clear()
    os.environ.update({**_SET_BY_LIBRARIES, **environment})
    os.chdir(where)
    os.setsid()
    sys.argv = [str(COMMAND), *words]
    code = 99
    try:
        exec(before, {"__name__": "before"})  # noqa: S102  # of a test
        code = entry()
        sys.stdout.flush()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  # whatever it is, the test shows it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _loaded(entry: str) -> Callable[[], int]:
    """The function, with all that it needs loaded."""
    module, _, function = entry.partition(":")
    if entry == OURS:
        from preloading import preload

        preload()
    before = dict(os.environ)
    found: Callable[[], int] = getattr(import_module(module), function)
    _SET_BY_LIBRARIES.update((name, value) for name, value in os.environ.items() if before.get(name) != value)
    return found


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), _loaded(sys.argv[2]))
