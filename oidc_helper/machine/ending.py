"""The end of another process, which need not be our child."""

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
        """What waits for the process to end."""
        system = ctypes.WinDLL("kernel32")
        system.OpenProcess.restype = wintypes.HANDLE
        system.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
        return partial(system.WaitForSingleObject, system.OpenProcess(_SYNCHRONIZE, 0, process), _FOREVER)

else:
    import select

    _LOOK_S = 0.2

    def of(process: int) -> Callable[[], object]:
        """What waits for the process to end."""
        if sys.platform == "linux":
            try:
                return partial(select.select, [os.pidfd_open(process)], [], [])
            except OSError:  # it has ended; or the kernel is older than 5.3, or a sandbox forbids it
                pass
        return partial(_look_again_and_again, process)

    def _look_again_and_again(process: int) -> None:
        while _is_there(process):
            time.sleep(_LOOK_S)

    def _is_there(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it has become another user's
            return True
        return True
