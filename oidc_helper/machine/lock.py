"""Locks between processes: only writers hold them, those of a killed process are free, and waiters learn the holder.

On Linux a lock is both a socket name and a file; each excludes processes that the other does not. The name works
between processes that cannot use the same directory, since one has another runtime directory or finds the state
directory read-only. The file works between network namespaces, and is all there is on other systems. If only one of
the two can be taken, it has to do. Files are never deleted. All waiters wake at once when the holder is done: most only
want its result.
"""

import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from oidc_helper import paths
from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import flock, private_files, socket_lock

_LONGEST_TEXT = 200  # bytes

_Wait = Callable[[float], bool]  # takes seconds; returns whether the holder went meanwhile


class Lock:
    """A lock that this process holds, until `release` or the end of a `with` block."""

    def __init__(self) -> None:
        self._name: int | None = None  # descriptors, of the socket and of the file
        self._file: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def add(self, *, name: int | None = None, file: int | None = None) -> None:
        """Take over the descriptor of a socket, or of a file, that holds the lock."""
        self._name = self._name if name is None else name
        self._file = self._file if file is None else file
        _all_locks.add(self)

    def __bool__(self) -> bool:
        """Whether it excludes anybody."""
        return (self._name, self._file) != (None, None)

    def sign(self, purpose: str) -> None:
        """Write our process number and purpose into the file, for waiters to read."""
        if self._file is not None:
            text = f"process {os.getpid()}, {purpose}".encode("utf-8", "replace")[:_LONGEST_TEXT]
            with suppress(OSError):  # a full disk does not stop the work
                os.ftruncate(self._file, 0)
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, text)

    def release(self) -> None:
        """Let the next process work; a second call does nothing. Frees the file before the name, where waiters wait."""
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
            flock.unlock(self._file)
        self.leave_to_parent()

    def leave_to_parent(self) -> None:
        """Close a forked child's copy, so that the lock ends with the parent, not with the last of its children."""
        descriptors = (self._file, self._name)
        self._name = self._file = None
        _all_locks.discard(self)
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)


def acquire(name: str, *, timeout_s: float, purpose: str) -> Lock | None:
    """Try to become the only process at work on `name`: the lock, or None once another process that held it is done.

    After None the caller checks whether the holder has done the caller's work too, and calls again if not. With the
    lock it checks once more, since the former holder may have finished in between. All waiters get None at once and
    check without the lock, so that a hundred of them do not queue for it. `purpose` tells other waiters what we do,
    such as `get analytics`. Raises TryAgain, naming the holder, after `timeout_s`, and StoreUnusable if no lock can be
    taken at all: two processes might both do what must be done once.
    """
    end = time.monotonic() + timeout_s
    lock, obstacles = Lock(), []
    for ways in _WAYS:
        for way in ways:
            try:
                wait = way(lock, name)
                if wait is None:
                    break
                lock.release()
                if wait(end - time.monotonic()):
                    return None
            except OSError as obstacle:
                obstacles.append(obstacle.strerror or str(obstacle))
            else:
                raise _gave_up(_holder(name))
    if not lock:
        raise StoreUnusable(
            f"no lock can be taken, so another process might do the same: {'; '.join(dict.fromkeys(obstacles))}",
            "make the state directory writable, or let XDG_STATE_HOME name another",
        )
    lock.sign(purpose)
    return lock


def hold(name: str, *, timeout_s: float, purpose: str) -> Lock:
    """Become the only process at work on `name`, even if others work on it before us. Raises as `acquire` does."""
    end = time.monotonic() + timeout_s
    lock = None
    while lock is None:
        lock = acquire(name, timeout_s=end - time.monotonic(), purpose=purpose)
    return lock


def _take_name(lock: Lock, name: str) -> _Wait | None:
    """Add the socket name to the lock; if another process has it, return how to wait for that. Raises OSError."""
    if sys.platform != "linux":
        raise OSError(errno.ENOLCK, "this system has locks on files only")
    descriptor = socket_lock.try_exclusive(_socket_name(name))
    if descriptor is None:
        return partial(socket_lock.wait, _socket_name(name))
    lock.add(name=descriptor)
    return None


def _take_file(lock: Lock, name: str, *, spare: bool) -> _Wait | None:
    """The same for the file."""
    path = private_files.directory("locks", spare=spare) / _file_name(name)
    descriptor = _try(path)
    if descriptor is None:
        return partial(flock.wait, path)
    lock.add(file=descriptor)
    return None


# A lock needs each line; in a line, the first way that works is enough.
_WAYS: tuple[tuple[Callable[[Lock, str], _Wait | None], ...], ...] = (
    (_take_name,),
    (partial(_take_file, spare=False), partial(_take_file, spare=True)),
)


def _gave_up(holder: str) -> TryAgain:
    if holder:
        return TryAgain(f"gave up waiting for {holder}", "try again when that is done, or end that process")
    return TryAgain("gave up waiting for another process", "try again when that is done")


def _try(path: Path) -> int | None:
    """The descriptor of the locked file; None if another process has it. Raises OSError if there is no locking."""
    descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if flock.try_exclusive(descriptor) and _is_at(descriptor, path):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether others who open the path get the same file: somebody may have tidied up the state directory by hand."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def holder(name: str) -> str:
    """The process at work on `name`, as `process 123, get analytics`; empty if there is none, or it is ours."""
    process = _holder(name)
    return "" if f"{process},".startswith(f"process {os.getpid()},") else process


def _holder(name: str) -> str:
    """The process that has the socket, with its purpose if it could write a file; else the one named in a file."""
    process, texts = _process_at_socket(name), []
    for spare in (False, True):
        with suppress(OSError):
            texts.append(_text_in(private_files.directory("locks", spare=spare) / _file_name(name)))
    if process:
        return next((text for text in texts if f"{text},".startswith(f"{process},")), process)
    return next(filter(None, texts), "")


def _text_in(path: Path) -> str:
    text = ""
    with suppress(OSError), os.fdopen(private_files.open_file(path, os.O_RDONLY), "rb") as file:
        text = file.read(_LONGEST_TEXT).decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())


def _process_at_socket(name: str) -> str:
    if sys.platform == "linux":
        with suppress(OSError):
            process = socket_lock.holder(_socket_name(name))
            return f"process {process}" if process else ""
    return ""


def _socket_name(name: str) -> str:
    """Each state directory has its own, as with files."""
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
