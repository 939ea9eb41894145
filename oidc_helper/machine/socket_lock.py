"""A lock without a file: a name in Linux's abstract socket namespace, of which each network namespace has its own.

The kernel frees the name with the last descriptor of its socket, so a killed holder keeps nobody waiting; waiters
connect to the holder, and all wake when it goes. Any user of the machine may take the name: then we cannot have this
lock, which is an error. The kernel keyring would be ours alone, but cannot lock: it has no "create unless it exists",
does not free the key of a killed process, and nobody can wait for it.
"""

import errno
import hashlib
import os
import socket
import struct
import sys
import time

_WAITERS = 4_096  # the kernel lowers it to net.core.somaxconn; waiters beyond it try again and again
_PAUSE_S = 0.02
_SILENCE_S = 0.5  # a holder of ours answers at once: it binds and listens in one go

if sys.platform == "linux":
    _PEER = struct.Struct("=iII")  # struct ucred of unix(7): process, user, group

    def try_exclusive(name: str) -> int | None:
        """The descriptor that holds the lock; None if another process does. Raises OSError if there are no locks."""
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(_address(name))
                listener.listen(_WAITERS)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return None
            return listener.detach()

    def wait(name: str, timeout_s: float) -> bool:
        """Wait until the holder goes; False if time was up first.

        Raises OSError if the holder is another user's process, or does not answer, and so cannot be ours.
        """
        now = time.monotonic()
        end, silent_until = now + timeout_s, now + _SILENCE_S
        while (left_s := end - time.monotonic()) > 0:
            with socket.socket(socket.AF_UNIX) as waiter:
                waiter.settimeout(left_s)
                try:
                    waiter.connect(_address(name))
                    _process_of(waiter)
                    waiter.recv(1)  # nothing is ever sent: it returns when the holder's socket closes
                except ConnectionResetError:
                    return True
                except ConnectionRefusedError:
                    if _is_free(name):  # it has just gone
                        return True
                except BlockingIOError:  # too many waiters
                    pass
                except TimeoutError:
                    return False
                else:
                    return True
            if time.monotonic() > silent_until:
                raise OSError(errno.EADDRINUSE, "a process that does not answer took the name of our lock")
            time.sleep(min(left_s, _PAUSE_S))
        return False

    def holder(name: str) -> int | None:
        """The process that holds the lock; None if there is none. Raises OSError if it is another user's."""
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.settimeout(0)
            try:
                visitor.connect(_address(name))
            except (ConnectionRefusedError, BlockingIOError):
                return None
            return _process_of(visitor)

    def _is_free(name: str) -> bool:
        descriptor = try_exclusive(name)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is not None

    def _process_of(waiter: socket.socket) -> int:
        process, user, _ = _PEER.unpack(waiter.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if user != os.geteuid():
            raise PermissionError(errno.EPERM, f"a process of user {user} took the name of our lock")
        return int(process)

    def _address(name: str) -> str:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return f"\0oidc-helper:{os.geteuid()}:{digest}"
