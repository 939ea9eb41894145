"""Programs that we start end when we do, and what they printed counts once they have ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.arrangements import wait_until

from oidc_helper.errors import TryAgain
from oidc_helper.machine import child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shells and signals, and /proc for the children")
_WAITS = """
import subprocess, sys
from oidc_helper.machine import child
pipe = subprocess.PIPE
words = ["/bin/sh", "-c", sys.argv[1]]
child.streams(subprocess.Popen(words, stdout=pipe, stderr=pipe, start_new_session=True), "it", 600)
"""


def started(script: str) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(["/bin/sh", "-c", script], stdout=pipe, stderr=pipe, start_new_session=True)


def test_both_streams_are_read() -> None:
    assert child.streams(started("echo out; echo err >&2"), "it", 600) == (b"out\n", b"err\n")


def test_a_daemon_that_holds_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    """What the command printed counted as nothing then, after the whole deadline."""
    os.mkfifo(tmp_path / "end")

    process = started(f"(read end <{tmp_path}/end) & echo token")

    assert child.streams(process, "it", 600) == (b"token\n", b"")
    assert process.returncode == 0
    (tmp_path / "end").write_text("\n")  # the daemon lives, and opens it


def test_a_program_that_prints_without_end_is_ended() -> None:
    process = started("while :; do echo token; done")

    printed, _ = child.streams(process, "it", 600)

    assert len(printed) > child.LARGEST
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("script", ["read end <{0}", "read end <{0} & wait", "exec >&- 2>&-; read end <{0}"])
def test_a_program_that_takes_too_long_is_ended_with_those_that_it_started(tmp_path: Path, script: str) -> None:
    os.mkfifo(tmp_path / "end")
    process = started(f"echo; {script.format(tmp_path / 'end')}")

    with pytest.raises(TryAgain, match="it did not answer within 0 s"):
        child.streams(process, "it", 0.1)

    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_a_program_ends_when_we_are_killed(tmp_path: Path, name: str) -> None:
    """It went on for as long as it liked, with all that it had started."""
    alive, end = tmp_path / "alive", tmp_path / "end"
    os.mkfifo(alive)
    os.mkfifo(end)
    script = f"exec 3>{alive}; echo begun >&3; (read end <{end}) & wait"
    us = subprocess.Popen([sys.executable, "-c", _WAITS, script], stderr=subprocess.DEVNULL)
    with alive.open() as lives:
        assert lives.readline() == "begun\n"
        children = Path(f"/proc/{us.pid}/task/{us.pid}/children")
        wait_until(lambda: len(children.read_text().split()) == 2)  # the program, and the one that watches over it
        us.send_signal(signal.Signals[name])
        us.wait()

        assert lives.read() == "", "it holds this open as long as it, or its child, lives"
