"""Arrangements for tests of commands: another caller, another clock, processes that run at once."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from homes import Home, file_config

from oidc_helper.emulator import Emulator
from oidc_helper.machine import socket_lock

# The console script with a clock that is so many seconds ahead; signatures are dated by the true one.
_LATER = """
import sys, time
true = time.time
time.time = lambda: true() + {seconds}
from oidc_helper.hotpath import main
main()
"""


def with_caller(home: Home, caller: str) -> None:
    """Let that inline table be the caller of every profile."""
    lines = home.config.read_text().split("\n")
    home.configure("\n".join(f"caller = {caller}" if line.startswith("caller =") else line for line in lines))


def keys_of_the_iam_user(emulator: Emulator) -> dict[str, str]:
    """Give the variables of a user whom the application's actor policy names."""
    user = emulator.directory.iam_user
    return {"AWS_ACCESS_KEY_ID": user.access_key_id, "AWS_SECRET_ACCESS_KEY": user.secret_access_key}


def command_later(seconds: int, *words: str) -> list[str]:
    """A command whose clock is that much ahead of ours."""
    return [sys.executable, "-c", _LATER.format(seconds=seconds), *words]


def run_later(home: Home, seconds: int, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose clock is that much ahead of ours."""
    return subprocess.run(
        command_later(seconds, *words),
        env={**home.environment, **variables},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def with_the_iam_user(home: Home, emulator: Emulator) -> Home:
    """Configure a home with Alice's token and a caller that takes no call, so that the exchange is the first one."""
    home.configure(file_config(emulator))
    with_caller(home, "{ environment = true }")
    home.environment |= keys_of_the_iam_user(emulator)
    home.write_token(emulator.mint("alice@example.com"))
    return home


@contextmanager
def at_once(home: Home, commands: Sequence[Sequence[str]]) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start them all; none outlives the block."""
    processes: list[subprocess.Popen[str]] = []
    try:
        processes.extend(home.start(*words) for words in commands)
        yield processes
    finally:
        for process in processes:
            with process:
                process.kill()


def finished(process: "subprocess.Popen[str]") -> subprocess.CompletedProcess[str]:
    """Wait for its end."""
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def _exported(lines: Sequence[str]) -> dict[str, str]:
    """The variables that a shell exports when these lines are pasted into it."""
    pasted = "".join(lines)
    shell = subprocess.run(["sh", "-c", f"{pasted}env"], env={}, capture_output=True, text=True, check=True)
    variables = dict(one.split("=", 1) for one in shell.stdout.splitlines())
    return {name: value for name, value in variables.items() if f"export {name}=" in pasted}


def is_in_line(process: "subprocess.Popen[str]", lock: str = "") -> bool:
    """Whether it has a lock of that name, which shows in the files that it holds open, or waits at a lock's socket."""
    names = []
    with suppress(OSError):  # it has ended
        names = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    is_there = any(f"/locks/oidc-helper_lock_{lock}" in name for name in names)
    return is_there or any(f"socket:[{inode}]" in names for inode in _connected_sockets())


def _connected_sockets() -> list[str]:
    """The inodes of the Unix sockets of clients (in /proc/net/unix: state 03, no path)."""
    rows = (row.split() for row in Path("/proc/net/unix").read_text().splitlines())
    return [row[6] for row in rows if len(row) == 7 and row[5] == "03"]


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again; the test's own time limit ends what never comes."""
    while not condition():
        time.sleep(0.01)


def waiting_at(socket_name: str) -> int:
    """How many processes or threads wait for the holder of that lock."""
    address = socket_lock._address(socket_name).replace("\0", "@")
    return max(0, Path("/proc/net/unix").read_text().split().count(address) - 1)


class TypedEmulator(NamedTuple):
    """The running command `emulator`, the variables that it exports, and its configuration."""

    process: "subprocess.Popen[str]"
    exports: dict[str, str]
    example: str


@contextmanager
def typed_emulator(home: Home, *options: str) -> Iterator[TypedEmulator]:
    """Type it, and read what it says."""
    with home.start("emulator", *options) as process:
        try:
            assert process.stdout is not None
            shell: list[str] = []
            while not (line := process.stdout.readline()).startswith("# config.toml"):
                assert line, "it has ended"
                shell.append(line)
            example = [process.stdout.readline()]
            while "permission_set" not in example[-1]:
                example.append(process.stdout.readline())
            yield TypedEmulator(process, _exported(shell), "".join(example))
        finally:
            process.kill()
