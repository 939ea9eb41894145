"""One process at a time does a piece of work, the others look what it made, nobody waits for ever or for the dead."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.arrangements import wait_until, waiting_at
from fakes import windows
from fakes.places import needs

from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import flock, lock, private_files, socket_lock

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Path:
    """Where lock files lie."""
    return empty_home


def start(*words: object, within: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*within, sys.executable, "-m", "fakes.victims", *map(str, words)],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def other_holder(name: str, *, within: tuple[str, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
    with start("hold_lock", name, within=within) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@contextmanager
def squatter(name: str, manner: str) -> Iterator[None]:
    """A process of user 12345 that has the socket name of root's lock."""
    with start("squat", lock._socket_name(name), 12_345, manner) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield
        process.kill()


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


def _refuse(_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.fixture
def by_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on other systems than Linux, and between network namespaces."""
    monkeypatch.setattr(socket_lock, "try_exclusive", _refuse)


@pytest.fixture(params=["with socket names", "by files alone"])
def either_way(request: pytest.FixtureRequest) -> None:
    """As processes meet each other on Linux, and elsewhere."""
    if request.param == "by files alone":
        request.getfixturevalue("by_files_alone")


def waiters_in_the_kernel(name: str) -> int:
    """How many threads of ours wait: each is in the queue of the socket, or has a thread of its own that waits."""
    with_a_thread = sum("_wait_shared" in thread.name for thread in threading.enumerate())
    return waiting_at(lock._socket_name(name)) + with_a_thread


def told_to_waiters(number: int) -> list[lock.Lock | None]:
    """What so many threads get from `acquire` that wait for a holder; all of them are at the same point once."""
    together = threading.Barrier(number, timeout=60)
    told: list[lock.Lock | None] = []

    def wait() -> None:
        told.append(lock.acquire("work", timeout_s=60, purpose="waiting"))
        together.wait()  # breaks unless all of them are here at once

    with lock.hold("work", timeout_s=1, purpose="working"):
        waiters = [threading.Thread(target=wait) for _ in range(number)]
        for waiter in waiters:
            waiter.start()
        wait_until(lambda: waiters_in_the_kernel("work") == number)
    for waiter in waiters:
        waiter.join()
    assert not together.broken
    return told


@pytest.mark.usefixtures("either_way")
def test_waiters_do_not_queue_to_look_again() -> None:
    """When the holder is done, all waiters are free to look at the same time: none waits for another's look."""
    assert told_to_waiters(20) == [None] * 20


@pytest.mark.usefixtures("either_way")
def test_a_waiter_that_finds_nothing_does_the_work_itself() -> None:
    """The holder may have failed: after None, and only then, the lock is there to be had."""
    assert told_to_waiters(1) == [None]
    ours = lock.acquire("work", timeout_s=1, purpose="following")

    assert ours
    ours.release()


@pytest.mark.usefixtures("either_way")
def test_a_killed_holder_frees_the_lock() -> None:
    """No lock outlives its process: nothing is ever to be deleted by hand."""
    with other_holder("work") as process:
        process.send_signal(signal.SIGKILL)
        lock.hold("work", timeout_s=60, purpose="following").release()


@pytest.mark.usefixtures("either_way")
def test_a_waiter_learns_which_process_it_waited_for(tmp_path: Path) -> None:
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
    """A waiter that gave up is out of the way of those that come after."""
    with other_holder("work") as process:
        with pytest.raises(TryAgain):
            lock.hold("work", timeout_s=0.01, purpose="waiting")
        process.kill()
        process.wait()
        for _ in range(3):
            lock.hold("work", timeout_s=60, purpose="following").release()


def test_different_work_goes_on_side_by_side() -> None:
    """Names that look alike as files are still two locks."""
    with lock.hold("a/b", timeout_s=1, purpose="one"), lock.hold("a:b", timeout_s=1, purpose="other"):
        pass


def no_state_directory(home: Path) -> None:
    (home / ".local").write_text("a file where the directory should be")


def no_runtime_directory_either(home: Path) -> None:
    no_state_directory(home)
    (home / "run").rmdir()
    (home / "run").write_text("another")


HOMES_WITHOUT_LOCK_FILES = pytest.mark.parametrize("spoil", [no_state_directory, no_runtime_directory_either])


@HOMES_WITHOUT_LOCK_FILES
def test_where_no_lock_file_can_be_made_processes_take_turns_all_the_same(
    home: Path, spoil: Callable[[Path], None]
) -> None:
    """Seen: a read-only state directory, and one identity token sent twenty times."""
    spoil(home)
    journal = home / "journal"
    processes = [start("take_turns", "work", journal, 5) for _ in range(8)]

    assert [process.communicate() and process.returncode for process in processes] == [0] * 8
    lines = journal.read_text().splitlines()
    assert len(lines) == 80
    assert all(entering.split()[0] == leaving.split()[0] for entering, leaving in zip(*[iter(lines)] * 2, strict=True))


@HOMES_WITHOUT_LOCK_FILES
def test_where_no_lock_file_can_be_made_the_holder_is_named_and_its_end_noticed(
    home: Path, spoil: Callable[[Path], None]
) -> None:
    """As with a file: a deadline, a name, and nothing that outlives a killed process."""
    spoil(home)
    with other_holder("work") as process:
        assert lock.holder("work").startswith(f"process {process.pid}")
        with pytest.raises(TryAgain, match=f"process {process.pid}"):
            lock.hold("work", timeout_s=0.05, purpose="waiting")
        process.send_signal(signal.SIGKILL)
        lock.hold("work", timeout_s=60, purpose="following").release()
    assert lock.holder("work") == ""


def test_a_file_system_without_locks_does_not_leave_the_work_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOLCK, as NFS without its lock daemon answers."""
    monkeypatch.setattr(flock, "try_exclusive", _refuse)
    with lock.hold("work", timeout_s=1, purpose="working"), pytest.raises(TryAgain):
        lock.hold("work", timeout_s=0.01, purpose="waiting")


def cannot_use_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = private_files.directory

    def refused(*below: str, spare: bool = False) -> Path:
        if not spare:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return directory(*below, spare=spare)

    monkeypatch.setattr(private_files, "directory", refused)


def has_another_runtime_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", f"{os.environ['HOME']}/another")


@pytest.mark.parametrize(
    ("of_both", "of_one"),
    [(None, cannot_use_the_state_directory), (no_state_directory, has_another_runtime_directory)],
    ids=["in a mount namespace", "under cron"],
)
def test_processes_that_cannot_use_the_same_directory_exclude_each_other(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    of_both: Callable[[Path], None] | None,
    of_one: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """Seen: each took a file of its own, and an identity token was sent twice."""
    if of_both:
        of_both(home)
    with other_holder("work") as process:
        of_one(monkeypatch)
        with pytest.raises(TryAgain, match=f"process {process.pid}"):
            lock.hold("work", timeout_s=0.05, purpose="waiting")
        process.kill()
        lock.hold("work", timeout_s=60, purpose="following").release()


def test_processes_in_two_network_namespaces_exclude_each_other() -> None:
    """The socket names of one are not those of the other; the file is the same."""
    needs(os.geteuid() == 0, "root, to make a network namespace")
    with other_holder("work", within=("unshare", "--net")) as process:
        with pytest.raises(TryAgain, match=f"process {process.pid}, holding on$"):
            lock.hold("work", timeout_s=0.05, purpose="waiting")
        process.kill()
        lock.hold("work", timeout_s=60, purpose="following").release()


@pytest.mark.parametrize("manner", ["listens", "listens to one", "does not listen"])
def test_a_name_that_another_user_took_keeps_nobody_from_a_file(manner: str) -> None:
    """Anybody may take a socket's name, which must not stop us where files do."""
    needs(os.geteuid() == 0, "root, to become another user")
    with squatter("work", manner):
        lock.hold("work", timeout_s=60, purpose="working").release()


@pytest.mark.parametrize("manner", ["listens to one", "does not listen"])
def test_a_name_that_somebody_took_who_does_not_answer_is_no_lock(home: Path, manner: str) -> None:
    """Its user cannot be known, and it is no holder to wait for."""
    needs(os.geteuid() == 0, "root, to become another user")
    no_runtime_directory_either(home)
    with squatter("work", manner), pytest.raises(StoreUnusable, match="a process that does not answer took the name"):
        lock.hold("work", timeout_s=60, purpose="working")


def test_a_name_that_another_user_took_is_no_lock(home: Path) -> None:
    """Without a file nothing is done unlocked then, and the user is named."""
    needs(os.geteuid() == 0, "root, to become another user")
    no_runtime_directory_either(home)
    with squatter("work", "listens"):
        with pytest.raises(StoreUnusable, match=r"no lock can be taken.*: .*user 12345.*; Not a directory"):
            lock.hold("work", timeout_s=60, purpose="working")
        assert lock.holder("work") == ""


def test_where_there_is_no_lock_at_all_the_work_is_not_done(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system without socket names, and in some sandboxes: the reason is told, and how to mend it."""
    no_runtime_directory_either(home)
    monkeypatch.setattr(socket_lock, "try_exclusive", _refuse)
    with pytest.raises(StoreUnusable, match="no lock can be taken, so another process might do the same") as raised:
        lock.acquire("work", timeout_s=60, purpose="working")
    assert "XDG_STATE_HOME" in raised.value.hint


@pytest.mark.usefixtures("by_files_alone")
def test_a_lock_file_that_somebody_deleted_is_made_again() -> None:
    """The lock of a deleted file is one that others cannot see: both sides notice."""
    with lock.hold("work", timeout_s=1, purpose="one"):
        file = next(private_files.directory("locks").iterdir())
        file.unlink()
        with lock.hold("work", timeout_s=1, purpose="other"), pytest.raises(TryAgain):
            lock.hold("work", timeout_s=0.01, purpose="third")


def test_a_child_that_stays_does_not_keep_the_lock() -> None:
    """A program that we start outlives us without our lock, forked or executed."""
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
        lock.hold("work", timeout_s=60, purpose="next").release()
        assert parent.stdin is not None
        parent.stdin.close()


def test_lock_files_are_private() -> None:
    """Nobody else can see, or keep us from, what we do."""
    with lock.hold("work", timeout_s=1, purpose="working"):
        directory = private_files.directory("locks")
        assert directory.stat().st_mode & 0o777 == 0o700
        assert [file.stat().st_mode & 0o777 for file in directory.iterdir()] == [0o600]


def test_a_link_in_place_of_a_lock_file_is_not_followed(tmp_path: Path) -> None:
    """A link planted there leads to no writing elsewhere; the lock is in another place."""
    lock.hold("work", timeout_s=1, purpose="making the file").release()
    file = next(private_files.directory("locks").iterdir())
    target = tmp_path / "target"
    target.write_text("precious")
    file.unlink()
    file.symlink_to(target)
    lock.hold("work", timeout_s=1, purpose="working").release()
    assert target.read_text() == "precious"


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code for Windows over a stand-in of msvcrt.locking."""
    with monkeypatch.context() as patch:
        windows.installed(patch)
        locks = windows.loaded("oidc_helper.machine.flock")
    monkeypatch.setattr(lock, "flock", locks)
    monkeypatch.setattr(socket_lock, "try_exclusive", _refuse)


@pytest.mark.usefixtures("on_windows")
def test_windows_waits_and_names_the_holder() -> None:
    """Its locks are exclusive only, and hide what they cover: the holder's name lies outside."""
    with other_holder("work") as process:
        with pytest.raises(TryAgain, match=str(process.pid)):
            lock.hold("work", timeout_s=0.01, purpose="waiting")
        process.kill()
        with lock.hold("work", timeout_s=60, purpose="following"):
            began = time.monotonic()
            with pytest.raises(TryAgain, match=f"process {os.getpid()}, following"):
                lock.hold("work", timeout_s=0.2, purpose="waiting")
            assert time.monotonic() - began >= 0.2
