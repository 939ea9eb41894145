"""Locks between processes: only writers hold them, a killed holder frees them, whoever waits is told for whom.

Their files are never deleted. All waiters wake at once when a holder is done: most only want what it made.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from oidc_helper.errors import TryAgain
from oidc_helper.machine import flock, private_files

T = TypeVar("T")

_LONGEST_TEXT = 200  # bytes


class Held:
    """What the one who is to work gets from `acquire`; given back by `with` or `release`.

    `locked` is False where no lock can be had (a read-only home): the work is done nevertheless.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self.locked = descriptor is not None
        _all_held.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def sign(self, purpose: str) -> None:
        """Tell those who wait who we are and what we do."""
        if self._descriptor is not None:
            text = f"process {os.getpid()}, {purpose}".encode("utf-8", "replace")[:_LONGEST_TEXT]
            with suppress(OSError):  # a full disk keeps nobody from working
                os.ftruncate(self._descriptor, 0)
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, text)

    def release(self) -> None:
        """Let the next one work; a second call does nothing."""
        descriptor = self._forget()
        if descriptor is not None:
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
        _all_held.discard(self)
        return descriptor


def acquire(name: str, *, timeout_s: float, purpose: str, look_again: Callable[[], T | None]) -> Held | T:
    """Become the only one at work on `name`, or get what `look_again` finds once somebody else has done it.

    `look_again` runs after each wait, without the lock, so that a hundred waiters do not queue for it; and once more by
    the one who has the lock. What it raises is passed on. `purpose` tells other waiters what we do, as `get analytics`.
    Raises TryAgain, naming the holder, after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            path = private_files.directory("locks") / _file_name(name)
            held = _try(path)
            in_time = held is not None or flock.wait(path, deadline - time.monotonic())
        except OSError:
            held, in_time = Held(None), True
        if held is not None:
            held.sign(purpose)
            return _unless_found(held, look_again)
        if not in_time:
            raise TryAgain(
                f"waited {timeout_s:.0f} s for {_said(path) or 'another process'}",
                "try again when that is done, or end that process",
            )
        found = look_again()
        if found is not None:
            return found


def hold(name: str, *, timeout_s: float, purpose: str) -> Held:
    """Become the only one at work on `name`. Raises TryAgain, naming the holder, after `timeout_s`."""
    return acquire(name, timeout_s=timeout_s, purpose=purpose, look_again=_nothing)


def _nothing() -> Held | None:
    return None


def _unless_found(held: Held, look_again: Callable[[], T | None]) -> Held | T:
    """Look once more: the former holder may have finished between our last look and our lock."""
    try:
        found = look_again()
    except BaseException:
        held.release()
        raise
    if found is None:
        return held
    held.release()
    return found


def _try(path: Path) -> Held | None:
    """The lock, or None where another has it. Raises OSError where there is no locking."""
    descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if flock.try_exclusive(descriptor) and _is_at(descriptor, path):
            return Held(descriptor)
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
    """Who is at work on `name`, as `process 123, get analytics`; empty where it is nobody, or we are."""
    with suppress(OSError):
        said = _said(private_files.directory("locks") / _file_name(name))
        return "" if said.startswith(f"process {os.getpid()},") else said
    return ""


def _said(path: Path) -> str:
    text = ""
    with suppress(OSError), os.fdopen(private_files.open_file(path, os.O_RDONLY), "rb") as file:
        text = file.read(_LONGEST_TEXT).decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())


def _file_name(name: str) -> str:
    """Readable in its first half, unique in its second: a name may hold any character."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60].strip("._")
    return f"{readable}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.lock"


def _leave_all_to_parent() -> None:
    for held in tuple(_all_held):
        held.leave_to_parent()


_all_held: set[Held] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
