"""Waits for the end of another process, which need not be our child."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SYNCHRONIZE, _FOREVER = 0x0010_0000, 0xFFFF_FFFF

    def of(process: int) -> Callable[[], object]:
        """A callable that returns when the process has ended."""
        system = ctypes.WinDLL("kernel32")
        system.OpenProcess.restype = wintypes.HANDLE
        system.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
        return partial(system.WaitForSingleObject, system.OpenProcess(_SYNCHRONIZE, 0, process), _FOREVER)

else:
    import select

    _PAUSE_S = 0.2

    def of(process: int) -> Callable[[], object]:
        """A callable that returns when the process has ended."""
        if sys.platform == "linux":
            try:
                return partial(select.select, [os.pidfd_open(process)], [], [])
            except OSError:  # it has ended; or the kernel is older than 5.3, or a sandbox forbids it
                pass
        return partial(_poll, process)

    def _poll(process: int) -> None:
        while _is_running(process):
            time.sleep(_PAUSE_S)

    def _is_running(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it is another user's by now
            return True
        return True
