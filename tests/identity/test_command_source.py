"""An identity token that a command prints, as commands fare in the world."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cli.arrangements import wait_until
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shells and signals, and /proc for the children")


def configure(home: Home, emulator: Emulator, script: str) -> None:
    """Let a shell script print the identity token, which is in the file `token`."""
    home.configure(file_config(emulator, identity=f'source = "command"\ncommand = ["/bin/sh", "-c", "{script}"]'))
    home.write_token(emulator.mint("alice@example.com"))


def test_a_command_fails_also_where_the_caller_ignores_its_children(home: Home, emulator: Emulator) -> None:
    """With SIGCHLD ignored, as a daemon of C may have it, the system forgets how a child ended: it was a success."""
    configure(home, emulator, "cat token; echo locked >&2; exit 7")
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )

    done = subprocess.run(
        [sys.executable, "-c", ignoring, COMMAND, "get", "analytics"],
        env=home.environment,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert "the identity command /bin/sh failed with exit code 7: locked" in done.stderr


def test_a_token_counts_while_a_daemon_of_the_command_holds_the_pipe(home: Home, emulator: Emulator) -> None:
    """It was `empty` after the whole deadline, though it had been printed."""
    os.mkfifo(home.path / "end")
    configure(home, emulator, "(read end <end) & cat token")

    assert home.get("analytics")["Version"] == 1
    (home.path / "end").write_text("\n")  # the daemon lives, and opens it


def shells_of(pid: int) -> list[str]:
    """The shells that a process started, each of which belongs to one of its threads."""
    children = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended
            children += (thread / "children").read_text().split()
    return [child for child in children if Path(f"/proc/{child}/comm").read_text() == "sh\n"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_a_command_ends_when_get_is_killed(home: Home, emulator: Emulator, name: str) -> None:
    """It went on for as long as it liked: a caller that gave up ten times had ten of them."""
    alive: Path = home.path / "alive"
    os.mkfifo(alive)
    os.mkfifo(home.path / "end")
    configure(home, emulator, "exec 3>alive; echo begun >&3; read end <end")
    us = home.start("get", "analytics")
    with alive.open() as lives:
        assert lives.readline() == "begun\n"
        wait_until(lambda: len(shells_of(us.pid)) == 2)  # the command, and the one that watches over it
        us.send_signal(signal.Signals[name])
        us.communicate()

        assert lives.read() == "", "it holds this open as long as it lives"
