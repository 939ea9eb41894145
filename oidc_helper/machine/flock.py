"""How a file is locked on this system: three calls with one meaning for POSIX and Windows."""

import importlib
import os
import threading
import time
from pathlib import Path
from typing import Any

from oidc_helper.machine import private_files

_PAUSE_S = 0.002  # what is in the way is a fellow waiter's glance of some microseconds
_WINDOWS_PAUSE_S = 0.05
_WINDOWS_BYTE = 2**30  # behind the text: what Windows locks nobody else can read


class Posix:
    """flock: it belongs to the open file, so that threads exclude each other too, and works over NFS."""

    def __init__(self) -> None:
        self._fcntl: Any = importlib.import_module("fcntl")

    def try_exclusive(self, descriptor: int) -> bool:
        """Whether the lock is ours now. Raises OSError where the file system has no locks."""
        return self._try(descriptor, self._fcntl.LOCK_EX)

    def unlock(self, descriptor: int) -> None:
        """Give it back explicitly: closing is not enough where a forked child has a copy."""
        self._fcntl.flock(descriptor, self._fcntl.LOCK_UN)

    def wait(self, path: Path, timeout_s: float) -> bool:
        """Whether nobody held it exclusively for a moment before time was up.

        A shared lock wakes all waiters together. flock knows no timeout, and a signal would need the main thread: so a
        thread waits, and is left behind when time is up.
        """
        if timeout_s <= 0:
            return False
        descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
        if self._try(descriptor, self._fcntl.LOCK_SH):
            self.unlock(descriptor)
            os.close(descriptor)
            time.sleep(min(timeout_s, _PAUSE_S * (1 + os.urandom(1)[0] / 64)))
            return True
        woken = threading.Event()
        threading.Thread(target=self._glance, args=(descriptor, woken), daemon=True).start()
        return woken.wait(timeout_s)

    def _glance(self, descriptor: int, woken: threading.Event) -> None:
        try:
            self._fcntl.flock(descriptor, self._fcntl.LOCK_SH)
            self.unlock(descriptor)
        finally:
            os.close(descriptor)
            woken.set()

    def _try(self, descriptor: int, kind: int) -> bool:
        try:
            self._fcntl.flock(descriptor, kind | self._fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Windows:
    """msvcrt.locking: it knows exclusive locks only, so each waiter looks for a moment whether it is free."""

    def __init__(self) -> None:
        self._msvcrt: Any = importlib.import_module("msvcrt")

    def try_exclusive(self, descriptor: int) -> bool:
        """As above."""
        os.lseek(descriptor, _WINDOWS_BYTE, os.SEEK_SET)
        try:
            self._msvcrt.locking(descriptor, self._msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def unlock(self, descriptor: int) -> None:
        """As above."""
        os.lseek(descriptor, _WINDOWS_BYTE, os.SEEK_SET)
        self._msvcrt.locking(descriptor, self._msvcrt.LK_UNLCK, 1)

    def wait(self, path: Path, timeout_s: float) -> bool:
        """As above."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            time.sleep(min(left_s, _WINDOWS_PAUSE_S))
            descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
            try:
                if self.try_exclusive(descriptor):
                    self.unlock(descriptor)
                    return True
            finally:
                os.close(descriptor)
        return False


system: Posix | Windows = Windows() if os.name == "nt" else Posix()
