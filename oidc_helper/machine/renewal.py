"""Renews before anybody has to wait, in one detached process, which outlives us and holds none of our streams open."""

import os
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

from oidc_helper import kernel, names
from oidc_helper.machine import flock, private_files

_ONCE_IN_S = 30  # within it, a busy caller starts no second renewal, not even after a failure


def start(profile: str, *, as_child: bool = True) -> None:
    """Begin to renew a profile's credentials, unless somebody has just done so; never waits, never fails.

    Without `as_child` the renewal is no child of this process: a program that replaces us does not expect one.
    """
    spawn = _spawn if as_child else _spawn_orphan
    try:
        if _is_our_turn(names.entry_name("renewal", profile)):
            # -E and -P: neither the caller's PYTHON variables nor its working directory choose what runs.
            spawn([sys.executable, "-E", "-P", "-m", "oidc_helper", "get", "--ahead", profile])
    except (OSError, NotImplementedError):  # NotImplementedError: posix_spawn has no setsid here
        return  # the caller has its answer; the next call tries again, or renews what has expired


def _is_our_turn(entry: str) -> bool:
    """Whether no renewal has just begun, by a file's time or a key; notes there that ours begins. Raises OSError."""
    for spare in (False, True):
        with suppress(OSError):  # the directory cannot be written, or its file system has no locks
            directory = private_files.directory("renewals", spare=spare)
            return _is_next(directory / f"{zlib.crc32(entry.encode()):08x}")
    if kernel.exists(entry):
        return False
    kernel.write(entry, b"begun", _ONCE_IN_S)
    return True


def _is_next(path: Path) -> bool:
    descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if not flock.try_exclusive(descriptor):
            return False  # two calls at the same moment: the other one starts the renewal
        try:
            last = os.fstat(descriptor)
            if last.st_size and 0 <= time.time() - last.st_mtime < _ONCE_IN_S:
                return False
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, b"x")  # an empty file has just been created, and notes nothing yet
            os.utime(path)
        finally:
            flock.unlock(descriptor)
    finally:
        os.close(descriptor)
    return True


if sys.platform == "win32":
    import subprocess

    def _spawn(words: list[str]) -> None:
        """Start a process without a console, which inherits nothing of ours."""
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        null = subprocess.DEVNULL
        subprocess.Popen(words, stdin=null, stdout=null, stderr=null, close_fds=True, creationflags=flags)

    _spawn_orphan = _spawn  # no program can replace another there

else:

    def _spawn(words: list[str]) -> None:
        """Start a session of its own, with the three standard streams on /dev/null and all other descriptors closed."""
        streams = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        others = [(os.POSIX_SPAWN_CLOSE, number) for number in _inherited_descriptors() if number > 2]
        os.posix_spawn(words[0], words, os.environ, file_actions=[*streams, *others], setsid=True)

    def _spawn_orphan(words: list[str]) -> None:
        """Start it from a process in between, which ends at once."""
        between = os.fork()
        if not between:
            try:
                _spawn(words)
            finally:
                os._exit(0)
        with suppress(ChildProcessError):  # our caller ignores SIGCHLD, so there is nothing left to wait for
            os.waitpid(between, 0)

    def _inherited_descriptors() -> list[int]:
        """All descriptors that a child would inherit."""
        directory = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
        return [number for number in map(int, os.listdir(directory)) if _is_inherited(number)]  # noqa: PTH208

    def _is_inherited(number: int) -> bool:
        try:
            return os.get_inheritable(number)
        except OSError:  # the one that listed the directory
            return False
