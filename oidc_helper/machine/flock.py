"""Locks on files: `try_exclusive`, `unlock` and `wait` mean the same on every system."""

import os
import sys
import threading
import time
from pathlib import Path

from oidc_helper.machine import private_files

if sys.platform == "win32":
    # msvcrt.locking has exclusive locks only, so each waiter tries to lock the file again and again.
    import msvcrt

    _PAUSE_S = 0.05
    _BYTE = 2**30  # after the text: other processes cannot read a locked byte

    def try_exclusive(descriptor: int) -> bool:
        """Take the lock if it is free, and say whether it is ours. Moves the file's position. Raises OSError."""
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Release the lock. Moves the file's position."""
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def wait(path: Path, timeout_s: float) -> bool:
        """Wait until the lock is free for a moment; False if time was up first."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            time.sleep(min(left_s, _PAUSE_S))
            descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
            try:
                if try_exclusive(descriptor):
                    unlock(descriptor)
                    return True
            finally:
                os.close(descriptor)
        return False

else:
    # flock belongs to the open file, so that threads exclude each other too; it works over NFS.
    import fcntl

    _PAUSE_S = 0.002  # another waiter may hold the lock for a moment: it seems taken then, though nobody works

    def try_exclusive(descriptor: int) -> bool:
        """Take the lock if it is free, and say whether it is ours. Raises OSError if the file system has no locks."""
        return _try(descriptor, fcntl.LOCK_EX)

    def unlock(descriptor: int) -> None:
        """Release the lock explicitly: closing is not enough if a forked child has a copy."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def wait(path: Path, timeout_s: float) -> bool:
        """Wait until nobody holds the lock exclusively for a moment; False if time was up first.

        A shared lock wakes all waiters together. flock has no timeout, and a signal would need the main thread: so a
        thread waits, and is left behind when time is up.
        """
        if timeout_s <= 0:
            return False
        descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
        if _try(descriptor, fcntl.LOCK_SH):
            unlock(descriptor)
            os.close(descriptor)
            time.sleep(min(timeout_s, _PAUSE_S * (1 + os.urandom(1)[0] / 64)))
            return True
        woken = threading.Event()
        threading.Thread(target=_wait_shared, args=(descriptor, woken), daemon=True).start()
        return woken.wait(timeout_s)

    def _wait_shared(descriptor: int, woken: threading.Event) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            unlock(descriptor)
        finally:
            os.close(descriptor)
            woken.set()

    def _try(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
