"""Renewal before anybody waits: the caller is answered at once, and one process in the background fetches anew."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.places import needs
from homes import COMMAND, Home, file_config
from machine.renewal.clock import Clock
from machine.renewal.conftest import DUE_S
from machine.renewal.processes import Renewal, renewals

from oidc_helper import kernel
from oidc_helper.emulator import Emulator
from oidc_helper.machine import flock, renewal

MANY = 20
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for the open files of a renewal"),
    pytest.mark.usefixtures("whole_processes"),
]


@contextmanager
def held_up(home: Home, emulator: Emulator, **fault: Any) -> Iterator[None]:
    """Let no renewal get an answer before the block ends; none outlives it."""
    going_on = threading.Event()
    emulator.fault("AssumeRole", until=going_on, **fault)
    started: list[Renewal] = []
    try:
        yield
    finally:
        started = renewals(home)
        going_on.set()
        for begun in started:
            begun.wait()


def the_renewal(home: Home, emulator: Emulator) -> Renewal:
    """The only one, once it has come as far as AWS."""
    assert emulator.wait_for("AssumeRole", 2, timeout_s=60)
    (only,) = renewals(home)
    return only


def test_a_hit_that_is_due_answers_at_once_and_is_renewed_behind(due: Home, emulator: Emulator) -> None:
    """The answer is there while AWS keeps the renewal waiting; the next one after that has the new credentials."""
    with held_up(due, emulator):
        before = due.get("analytics")
        the_renewal(due, emulator)

    after = due.get("analytics")
    assert emulator.requests[-1].operation == "AssumeRole"
    assert datetime.fromisoformat(after["Expiration"]) > datetime.fromisoformat(before["Expiration"])


@pytest.mark.parametrize("options", [(), ("--min-ttl", "1")], ids=["on a hit", "by the full program"])
def test_a_program_that_takes_our_place_has_no_renewal_as_its_child(
    due: Home, emulator: Emulator, options: tuple[str, ...]
) -> None:
    """It would never wait for a child that it did not start."""
    with held_up(due, emulator):
        listed = due.run("exec", *options, "analytics", "--", "sh", "-c", "ps -o comm= --ppid $$")
        the_renewal(due, emulator)

    assert listed.stdout == "ps\n"


def test_many_hits_at_once_start_one_renewal(due: Home, emulator: Emulator) -> None:
    """Twenty processes that find the credentials due cost AWS one request more, not twenty."""
    with held_up(due, emulator):
        processes = [due.start("get", "analytics") for _ in range(MANY)]
        answers = [process.communicate() for process in processes]
        the_renewal(due, emulator)

    assert len({stdout for stdout, _ in answers}) == 1
    assert {stderr for _, stderr in answers} == {""}
    assert (emulator.count("AssumeRole"), emulator.count("CreateTokenWithIAM")) == (2, 1)


def test_a_renewal_keeps_nothing_of_the_caller_open(due: Home, emulator: Emulator) -> None:
    """SDKs wait for the end of our stdout and stderr; a descriptor that they leaked to us is closed as well."""
    reading, writing = os.pipe()
    with held_up(due, emulator), os.fdopen(reading, "rb") as leaked:
        process = subprocess.Popen(
            [COMMAND, "get", "analytics"],
            env=due.environment,
            cwd=due.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[writing],
        )
        os.close(writing)
        stdout, stderr = process.communicate()
        assert (bool(stdout), stderr, leaked.read()) == (True, b"", b"")
        files = the_renewal(due, emulator).open_files()
        assert {files[number] for number in range(3)} == {"/dev/null"}


def test_a_renewal_has_no_parent_and_no_terminal(due: Home, emulator: Emulator) -> None:
    """It has a session of its own, so that closing the terminal does not end it, and leaves the caller no zombie."""
    with held_up(due, emulator):
        process = due.start("get", "analytics")
        process.communicate()
        assert process.returncode == 0
        renewal = the_renewal(due, emulator)
        parent, session, terminal = renewal.relations()
        assert parent not in (process.pid, os.getpid())
        assert (session, terminal) == (renewal.pid, 0)


def test_a_renewal_gets_the_library_path_of_before_a_bundle(due: Home, emulator: Emulator) -> None:
    """The AWS CLI 2, which PyInstaller made, has libraries of its own."""
    with held_up(due, emulator):
        theirs = {"LD_LIBRARY_PATH": "/nowhere/_internal", "LD_LIBRARY_PATH_ORIG": "/opt/mine"}
        due.get("analytics", **theirs)
        renewal = the_renewal(due, emulator)
        variables = Path(f"/proc/{renewal.pid}/environ").read_bytes().split(b"\0")

    assert b"LD_LIBRARY_PATH=/opt/mine" in variables


def test_renewal_on_demand_starts_nothing(home: Home, emulator: Emulator, clock: Clock) -> None:
    """With renew = "on-demand" the credentials are served as they are until somebody has to wait for new ones."""
    home.configure(file_config(emulator, defaults='renew = "on-demand"'))
    before = home.get("analytics")
    clock.advance(DUE_S)

    assert home.get("analytics") == before
    assert renewals(home) == []


def test_a_failed_renewal_costs_no_answer_and_is_not_repeated_at_once(
    due: Home, emulator: Emulator, clock: Clock
) -> None:
    """A refused renewal leaves the credentials in place, and is tried again half a minute later."""
    with held_up(due, emulator, error="AccessDenied"):
        before = due.get("analytics")
        assert emulator.wait_for("AssumeRole", 2, timeout_s=60)

    assert due.get("analytics") == before
    assert renewals(due) == []
    clock.advance(31)
    with held_up(due, emulator):
        assert due.get("analytics") == before
        assert emulator.wait_for("AssumeRole", 3, timeout_s=60)
    assert due.get("analytics") != before


@pytest.mark.parametrize("also", ["", "XDG_RUNTIME_DIR"])
def test_without_a_state_directory_one_renewal_begins_all_the_same(due: Home, emulator: Emulator, also: str) -> None:
    """Seen: none did, in silence, and callers waited; what tells that one runs already is in another place."""
    (due.path / "a file").touch()
    due.environment |= dict.fromkeys(filter(None, ("XDG_STATE_HOME", also)), str(due.path / "a file"))
    with held_up(due, emulator):
        before = due.get("analytics")
        the_renewal(due, emulator)
        assert due.get("analytics") == before
        the_renewal(due, emulator)

    assert due.get("analytics") != before


def test_a_file_system_without_locks_ends_no_renewal_ahead(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOLCK, as NFS without its lock daemon answers: a key that ends by itself is the note."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    assert empty_home.is_dir()
    started: list[list[str]] = []

    def refuse(_: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(flock, "try_exclusive", refuse)
    monkeypatch.setattr(renewal, "_spawn", started.append)
    renewal.start("analytics")
    renewal.start("analytics")

    assert len(started) == 1


def test_a_busy_caller_never_waits_over_several_lifetimes(home: Home, emulator: Emulator, clock: Clock) -> None:
    """Asked every four minutes for three lifetimes, no call fails or meets AWS, with one exchange a lifetime.

    Each renewal is held up until the caller has its answer.
    """
    emulator.directory.application.access_token_lifetime_s = 1_800
    answer = home.get("analytics")
    for lifetime in range(1, 4):
        for _ in range(9):
            clock.advance(240)
            assert home.get("analytics") == answer
        clock.advance(DUE_S - 9 * 240)
        with held_up(home, emulator):
            assert [home.get("analytics") for _ in range(5)] == [answer] * 5
            assert emulator.wait_for("AssumeRole", lifetime + 1, timeout_s=60)
        renewed = home.get("analytics")
        assert renewed != answer
        assert emulator.count("CreateTokenWithIAM") == emulator.count("AssumeRole") == lifetime + 1
        answer = renewed
