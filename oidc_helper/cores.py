"""No core dump of a process that holds secrets."""

import ctypes
import os

_RLIMIT_CORE = 4  # on Linux, macOS and the BSDs alike
# A file needs more than one byte, and Linux hands nothing to a collector (core(5), a pipe) at just this limit, though
# it does at 0.
_NONE = 1


def forbid() -> None:
    """Let this process leave no core dump; children inherit it, and may raise it again.

    Through ctypes, which the kernel keyring has loaded already: 10 microseconds; importing `resource` takes 250.
    """
    if os.name != "posix":
        return
    libc, limits = ctypes.CDLL(None), (ctypes.c_ulong * 2)()
    if libc.getrlimit(_RLIMIT_CORE, limits) == 0:
        limits[0] = min(_NONE, limits[1])
        libc.setrlimit(_RLIMIT_CORE, limits)
