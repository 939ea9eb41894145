"""Runs commands without the 0.5 s that imports take: one process imports everything and forks for each command.

Otherwise `Zygote.run` is like `Home.run`: the command has its own streams, environment, working directory and exit
code, and runs the installed entry. `python -m zygote DESCRIPTOR` is the process that forks.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

TESTS = Path(__file__).parent
Done = subprocess.CompletedProcess[str]


class Zygote:
    """The process that forks; a context manager. Several commands may run at once."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="zygote-")
        self._path = str(Path(self._directory.name, "socket"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._path)
        listener.listen(64)
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zygote", str(listener.fileno())],
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
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._path)
            socket.send_fds(connection, [len(order).to_bytes(4)], [their_out, their_err])
            os.close(their_out)
            os.close(their_err)
            connection.sendall(order)
            with os.fdopen(our_out, encoding="utf-8") as stdout, os.fdopen(our_err, encoding="utf-8") as stderr:
                status = connection.recv(16)
                assert status, "the process of the command ended without a status"
                return Done(list(words), int(status), stdout.read(), stderr.read())  # both fit into a pipe


def _serve(listener: socket.socket) -> NoReturn:
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _supervise(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _supervise(connection: socket.socket) -> NoReturn:
    length, streams, _, _ = socket.recv_fds(connection, 4, 2)
    order = b""
    while len(order) < int.from_bytes(length):
        order += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        connection.close()
        _work(streams, *json.loads(order))
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _work(streams: list[int], words: list[str], environment: dict[str, str], where: str, before: str) -> NoReturn:
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((null, *streams)):
        os.dup2(descriptor, number)
    os.closerange(3, max(streams) + 1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(where)
    os.setsid()
    sys.argv = ["oidc-helper", *words]
    try:
        exec(before, {"__name__": "before"})  # noqa: S102  # of a test
        from oidc_helper.hotpath import main

        main()
    finally:
        os._exit(99)


if __name__ == "__main__":
    from preloading import preload

    preload()
    _serve(socket.socket(fileno=int(sys.argv[1])))
