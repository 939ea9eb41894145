"""The system calls of Windows that our own code makes, and modules of ours as Windows loads them."""

import fcntl
import os
import subprocess
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType, SimpleNamespace

import pytest

DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP = 0x8, 0x200  # processthreadsapi.h
_LK_UNLCK, _LK_NBLCK = 0, 2  # sys/locking.h
_NOT_THERE = ("pwrite", "fchmod", "geteuid", "killpg", "posix_spawn", "O_NOFOLLOW", "O_NONBLOCK")


def installed(patch: pytest.MonkeyPatch) -> None:
    """Let our code believe that it runs on Windows: it has msvcrt and lacks what Windows lacks."""
    patch.setattr(sys, "platform", "win32")
    patch.setitem(sys.modules, "fcntl", None)
    locks = SimpleNamespace(locking=_locking, LK_NBLCK=_LK_NBLCK, LK_UNLCK=_LK_UNLCK)
    patch.setitem(sys.modules, "msvcrt", locks)
    for name in _NOT_THERE:
        patch.delattr(os, name, raising=False)
    true_utime = os.utime
    patch.setattr(os, "utime", lambda path, times=None: true_utime(os.fspath(path), times))
    patch.setattr(subprocess, "DETACHED_PROCESS", DETACHED_PROCESS, raising=False)
    patch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", CREATE_NEW_PROCESS_GROUP, raising=False)


def loaded(name: str) -> ModuleType:
    """A module of ours as it is loaded now, beside the one that is there already."""
    spec = find_spec(name)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _locking(descriptor: int, mode: int, length: int) -> None:
    """msvcrt.locking over flock: exclusive, and of one byte far behind the text."""
    assert (os.lseek(descriptor, 0, os.SEEK_CUR), length) == (2**30, 1)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN if mode == _LK_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None
