"""How a file is locked on this system: `try_exclusive`, `unlock` and `wait`, with one meaning everywhere."""

import os
import sys
import threading
import time
from pathlib import Path

from oidc_helper.machine import private_files

if sys.platform == "win32":
    # msvcrt.locking knows exclusive locks only, so each waiter looks again and again whether the file is free.
    import msvcrt

    _PAUSE_S = 0.05
    _BYTE = 2**30  # behind the text: other processes cannot read a byte that is locked

    def try_exclusive(descriptor: int) -> bool:
        """Whether the lock is ours now; the file's position moves. Raises OSError where there are no locks."""
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back; the file's position moves."""
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def wait(path: Path, timeout_s: float) -> bool:
        """Whether the lock was free for a moment before time was up."""
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
    # flock belongs to the open file, so that threads exclude each other too, and works over NFS.
    import fcntl

    _PAUSE_S = 0.002  # a lock that cannot be taken though nobody works is in the hands of another waiter for a moment

    def try_exclusive(descriptor: int) -> bool:
        """Whether the lock is ours now. Raises OSError where the file system has no locks."""
        return _try(descriptor, fcntl.LOCK_EX)

    def unlock(descriptor: int) -> None:
        """Give the lock back explicitly: closing is not enough where a forked child has a copy."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def wait(path: Path, timeout_s: float) -> bool:
        """Whether nobody held the lock exclusively for a moment before time was up.

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
