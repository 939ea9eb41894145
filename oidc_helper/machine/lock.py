"""Locks between processes: only writers hold them, a killed holder frees them, and waiters are told its name.

Their files are never deleted. All waiters wake at once when a holder is done: most only want what it made. Where no
file can be made or locked in the state directory, the runtime directory has the lock, and Linux's socket names where
that cannot be written either: processes of one user meet the same obstacles, and so take the same way.
"""

import errno
import hashlib
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from oidc_helper import paths
from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import flock, private_files, socket_lock

_LONGEST_TEXT = 200  # bytes


class Lock:
    """A lock that this process has, until `release` or the end of a `with` block; not all have a file."""

    def __init__(self, descriptor: int, *, has_file: bool = True) -> None:
        self._descriptor: int | None = descriptor
        self._has_file = has_file
        _all_locks.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def sign(self, purpose: str) -> None:
        """Write our process and its purpose into the file, for those who wait."""
        if self._has_file and self._descriptor is not None:
            text = f"process {os.getpid()}, {purpose}".encode("utf-8", "replace")[:_LONGEST_TEXT]
            with suppress(OSError):  # a full disk does not stop the work
                os.ftruncate(self._descriptor, 0)
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, text)

    def release(self) -> None:
        """Let the next one work; a second call does nothing."""
        descriptor = self._forget()
        if descriptor is not None:
            if self._has_file:
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
                flock.unlock(descriptor)
            os.close(descriptor)

    def leave_to_parent(self) -> None:
        """Close a forked child's copy: the lock ends with the parent then, not with the last of its children."""
        descriptor = self._forget()
        if descriptor is not None:
            os.close(descriptor)

    def _forget(self) -> int | None:
        descriptor, self._descriptor = self._descriptor, None
        _all_locks.discard(self)
        return descriptor


def acquire(name: str, *, timeout_s: float, purpose: str) -> Lock | None:
    """Try to become the only one at work on `name`: the lock, or None once another process that had it is done.

    After None the caller looks whether its own work was done meanwhile, and calls again if not; with the lock it looks
    once more, since the former holder may have finished in between. All waiters get their None at once and look without
    the lock: a hundred of them do not queue for it. `purpose` tells other waiters what we do, as `get analytics`.
    Raises TryAgain, naming the holder, after `timeout_s`, and StoreUnusable where no lock can be had at all: two might
    do then what counts once.
    """
    obstacles = []
    for way in _WAYS:
        try:
            return way(name, timeout_s, purpose)
        except OSError as obstacle:
            obstacles.append(obstacle.strerror or str(obstacle))
    raise StoreUnusable(
        f"no lock can be had, so that others might do the same: {'; '.join(dict.fromkeys(obstacles))}",
        "make the state directory writable, or let XDG_STATE_HOME name another",
    )


def hold(name: str, *, timeout_s: float, purpose: str) -> Lock:
    """Become the only one at work on `name`, whatever others have done meanwhile. Raises as `acquire` does."""
    end = time.monotonic() + timeout_s
    lock = None
    while lock is None:
        lock = acquire(name, timeout_s=end - time.monotonic(), purpose=purpose)
    return lock


def _in_state_directory(name: str, timeout_s: float, purpose: str) -> Lock | None:
    return _by_file(private_files.directory("locks") / _file_name(name), timeout_s, purpose)


def _in_runtime_directory(name: str, timeout_s: float, purpose: str) -> Lock | None:
    return _by_file(private_files.directory("locks", spare=True) / _file_name(name), timeout_s, purpose)


def _by_file(path: Path, timeout_s: float, purpose: str) -> Lock | None:
    lock = _try(path)
    if lock is not None:
        lock.sign(purpose)
    elif not flock.wait(path, timeout_s):
        raise _gave_up(_said(path))
    return lock


def _by_socket(name: str, timeout_s: float, _purpose: str) -> Lock | None:
    if sys.platform != "linux":
        raise OSError(errno.ENOLCK, "locks take a file on this system")
    descriptor = socket_lock.try_exclusive(_socket_name(name))
    if descriptor is not None:
        return Lock(descriptor, has_file=False)
    if not socket_lock.wait(_socket_name(name), timeout_s):
        raise _gave_up(_said_at_socket(name))
    return None


_WAYS = (_in_state_directory, _in_runtime_directory, _by_socket)


def _gave_up(holder: str) -> TryAgain:
    return TryAgain(
        f"gave up waiting for {holder or 'another process'}", "try again when that is done, or end that process"
    )


def _try(path: Path) -> Lock | None:
    """The lock, or None where another has it. Raises OSError where there is no locking."""
    descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if flock.try_exclusive(descriptor) and _is_at(descriptor, path):
            return Lock(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file is still the one that others open: somebody may tidy up the state directory by hand."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def holder(name: str) -> str:
    """The process at work on `name`, as `process 123, get analytics`; empty where there is none, or it is ours."""
    said = ""
    for spare in (False, True):
        with suppress(OSError):
            said = said or _said(private_files.directory("locks", spare=spare) / _file_name(name))
    said = said or _said_at_socket(name)
    return "" if f"{said},".startswith(f"process {os.getpid()},") else said


def _said(path: Path) -> str:
    text = ""
    with suppress(OSError), os.fdopen(private_files.open_file(path, os.O_RDONLY), "rb") as file:
        text = file.read(_LONGEST_TEXT).decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())


def _said_at_socket(name: str) -> str:
    if sys.platform == "linux":
        with suppress(OSError):
            process = socket_lock.holder(_socket_name(name))
            return f"process {process}" if process else ""
    return ""


def _socket_name(name: str) -> str:
    """As with files, one for each state directory."""
    with suppress(FileNotFoundError):
        return f"{paths.state_directory()} {name}"
    return name


def _file_name(name: str) -> str:
    """Readable in its first half, unique in its second: a name may hold any character."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60].strip("._")
    return f"{readable}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.lock"


def _leave_all_to_parent() -> None:
    for lock in tuple(_all_locks):
        lock.leave_to_parent()


_all_locks: set[Lock] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
