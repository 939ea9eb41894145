"""One process at a time does a piece of work, the others get what it made, nobody waits for ever or for the dead."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes import windows

from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import lock, private_files

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Path:
    """Where lock files lie."""
    return empty_home


def start(*words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "fakes.victims", *map(str, words)],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def other_holder(name: str) -> Iterator["subprocess.Popen[str]"]:
    with start("hold_lock", name) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def nothing() -> str | None:
    return None


def test_thirty_processes_take_turns(tmp_path: Path) -> None:
    """Never do two of them hold the lock at once, and all come to their turn."""
    journal = tmp_path / "journal"
    processes = [start("take_turns", "work", journal, 5) for _ in range(30)]
    assert [process.communicate() and process.returncode for process in processes] == [0] * 30
    lines = journal.read_text().splitlines()
    assert len(lines) == 300
    for entering, leaving in zip(lines[::2], lines[1::2], strict=True):
        assert entering.split() == [leaving.split()[0], "in"]


def test_thirty_processes_share_one_piece_of_work(tmp_path: Path) -> None:
    """A cold start of many programs: one works, thirty have the answer."""
    answer, journal = tmp_path / "answer", tmp_path / "journal"
    processes = [start("share_work", "work", answer, journal) for _ in range(30)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = Counter(process.communicate()[0] for process in processes)
    assert answers == {"the answer\n": 30}
    assert journal.read_text() == "worked\n"


def test_waiters_do_not_queue_to_look_again() -> None:
    """When the holder is done, all who waited look at the same time: nobody waits for another's look."""
    together = threading.Barrier(20, timeout=60)
    found: list[lock.Held | str] = []

    def look_again() -> str:
        together.wait()  # breaks, and raises, unless all twenty are here at once
        return "the answer"

    def wait() -> None:
        found.append(lock.acquire("work", timeout_s=60, purpose="waiting", look_again=look_again))

    held = lock.hold("work", timeout_s=1, purpose="working")
    waiters = [threading.Thread(target=wait) for _ in range(20)]
    for waiter in waiters:
        waiter.start()
    held.release()
    for waiter in waiters:
        waiter.join()
    assert found == ["the answer"] * 20


def test_a_holder_that_failed_is_followed_by_one_waiter() -> None:
    """Where there is nothing to find after the wait, the waiter does the work itself, and only then."""
    with other_holder("work") as process:
        looks = []

        def look_again() -> str | None:
            looks.append(process.poll())
            return None

        assert process.stdin is not None
        process.stdin.close()
        turn = lock.acquire("work", timeout_s=60, purpose="waiting", look_again=look_again)
        assert isinstance(turn, lock.Held)
        with turn:
            assert turn.locked
    assert looks


def test_a_killed_holder_frees_the_lock() -> None:
    """No lock outlives its process: nothing is ever to be deleted by hand."""
    with other_holder("work") as process:
        process.send_signal(signal.SIGKILL)
        with lock.hold("work", timeout_s=60, purpose="following") as held:
            assert held.locked


def test_a_waiter_is_told_for_whom(tmp_path: Path) -> None:
    """The message names the process that holds the lock and what it does."""
    with other_holder("work") as process:
        with pytest.raises(TryAgain, match=f"process {process.pid}, holding on$") as raised:
            lock.hold("work", timeout_s=0.05, purpose="waiting")
        assert raised.value.hint
        assert process.poll() is None


def test_a_stopped_holder_is_not_waited_for_beyond_the_deadline() -> None:
    """A process that hangs keeps its lock, not its waiters."""
    with other_holder("work") as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(TryAgain, match=str(process.pid)):
            lock.hold("work", timeout_s=0.05, purpose="waiting")


def test_a_lock_that_was_given_up_on_is_not_taken_later() -> None:
    """Who gave up waiting is out of the way of those who come after."""
    with other_holder("work") as process:
        with pytest.raises(TryAgain):
            lock.hold("work", timeout_s=0.01, purpose="waiting")
        process.kill()
        process.wait()
        for _ in range(3):
            lock.hold("work", timeout_s=60, purpose="following").release()


def test_the_work_of_another_is_found_before_one_begins() -> None:
    """Between the first look and the lock somebody may have finished: then there is nothing to do."""
    assert lock.acquire("work", timeout_s=1, purpose="late", look_again=lambda: "the answer") == "the answer"
    with lock.hold("work", timeout_s=1, purpose="next") as held:
        assert held.locked


def test_what_a_look_raises_frees_the_lock() -> None:
    """A remembered failure reaches the caller, and keeps nobody else waiting."""

    def look_again() -> str:
        raise StoreUnusable("as remembered")

    with pytest.raises(StoreUnusable, match="as remembered"):
        lock.acquire("work", timeout_s=1, purpose="looking", look_again=look_again)
    with lock.hold("work", timeout_s=1, purpose="next") as held:
        assert held.locked


def test_different_work_goes_on_side_by_side() -> None:
    """Names that look alike as files are still two locks."""
    with lock.hold("a/b", timeout_s=1, purpose="one"), lock.hold("a:b", timeout_s=1, purpose="other") as held:
        assert held.locked


def test_no_state_directory_does_not_stop_the_work(home: Path) -> None:
    """Where no lock file can be made the work is done unlocked, and says so."""
    (home / ".local").write_text("a file where the directory should be")
    with lock.hold("work", timeout_s=1, purpose="working") as held:
        assert not held.locked
    assert lock.acquire("work", timeout_s=1, purpose="x", look_again=lambda: "the answer") == "the answer"


def test_a_lock_file_that_somebody_deleted_is_made_again() -> None:
    """Who holds a deleted file holds nothing that others could see: both sides notice."""
    with lock.hold("work", timeout_s=1, purpose="one") as first:
        file = next(private_files.directory("locks").iterdir())
        file.unlink()
        with lock.hold("work", timeout_s=1, purpose="other") as second:
            assert first.locked
            assert second.locked
            with pytest.raises(TryAgain):
                lock.hold("work", timeout_s=0.01, purpose="third")


def test_a_child_that_stays_does_not_keep_the_lock() -> None:
    """Whatever we start outlives us without our lock, forked or executed."""
    held = lock.hold("work", timeout_s=1, purpose="working")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        held.release()
        lock.hold("work", timeout_s=1, purpose="next").release()


def test_a_forked_child_has_no_part_in_the_lock() -> None:
    """The lock of a killed parent is free though its forked child lives on."""
    script = (
        "import os, sys\n"
        "from oidc_helper.machine import lock\n"
        "held = lock.hold('work', timeout_s=60, purpose='forking')\n"
        "if os.fork() == 0:\n"
        "    print('forked', flush=True)\n"
        "    sys.stdin.read()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        parent.kill()
        with lock.hold("work", timeout_s=60, purpose="next") as held:
            assert held.locked
        assert parent.stdin is not None
        parent.stdin.close()


def test_lock_files_are_private() -> None:
    """Nobody else can see, or keep us from, what we do."""
    with lock.hold("work", timeout_s=1, purpose="working"):
        directory = private_files.directory("locks")
        assert directory.stat().st_mode & 0o777 == 0o700
        assert [file.stat().st_mode & 0o777 for file in directory.iterdir()] == [0o600]


def test_a_link_in_place_of_a_lock_file_is_not_followed(tmp_path: Path) -> None:
    """A link planted there leads to no writing elsewhere; the work goes on unlocked."""
    lock.hold("work", timeout_s=1, purpose="making the file").release()
    file = next(private_files.directory("locks").iterdir())
    target = tmp_path / "target"
    target.write_text("precious")
    file.unlink()
    file.symlink_to(target)
    with lock.hold("work", timeout_s=1, purpose="working") as held:
        assert not held.locked
    assert target.read_text() == "precious"


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code for Windows over a stand-in of msvcrt.locking."""
    with monkeypatch.context() as patch:
        windows.installed(patch)
        locks = windows.loaded("oidc_helper.machine.flock")
    monkeypatch.setattr(lock, "flock", locks)


@pytest.mark.usefixtures("on_windows")
def test_windows_waits_and_names_the_holder() -> None:
    """Its locks are exclusive only, and hide what they cover: the holder's name lies outside."""
    with other_holder("work") as process:
        with pytest.raises(TryAgain, match=str(process.pid)):
            lock.hold("work", timeout_s=0.01, purpose="waiting")
        process.kill()
        with lock.hold("work", timeout_s=60, purpose="following") as held:
            assert held.locked
            began = time.monotonic()
            with pytest.raises(TryAgain, match=f"process {os.getpid()}, following"):
                lock.hold("work", timeout_s=0.2, purpose="waiting")
            assert time.monotonic() - began >= 0.2
