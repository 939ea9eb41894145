"""Renewal before anybody waits: one detached process, which outlives us and holds nothing of our caller's open."""

import os
import sys
import time
import zlib

from oidc_helper import names
from oidc_helper.machine import private_files

_ONCE_IN_S = 30  # hits of a busy caller start no second one meanwhile, nor one at once after a failure


def start(profile: str) -> None:
    """Begin to renew a profile's credentials, if nobody has lately; never waits, never fails."""
    try:
        if not _claimed(names.entry_name("renewal", profile)):
            return
        # -E and -P: neither the caller's PYTHON variables nor its working directory choose what runs.
        words = [sys.executable, "-E", "-P", "-m", "oidc_helper", "get", "--ahead", profile]
        if os.name == "posix":
            _spawn(words)
        else:
            _spawn_on_windows(words)
    except OSError:
        return  # the caller has its answer; the next one, or the one who finds it expired, tries again


def _claimed(entry: str) -> bool:
    """Whether we are the one: a file's time tells when somebody last was. Raises OSError."""
    path = private_files.directory("renewals") / f"{zlib.crc32(entry.encode()):08x}"
    descriptor = private_files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if os.name == "posix":
            import fcntl  # two hits at once: the second meets BlockingIOError, and starts nothing

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_size and 0 <= time.time() - os.fstat(descriptor).st_mtime < _ONCE_IN_S:
            return False
        os.pwrite(descriptor, b"x", 0)
        os.utime(descriptor)
    finally:
        os.close(descriptor)
    return True


def _spawn(words: list[str]) -> None:
    """A session of its own, with our three streams on /dev/null and every other descriptor closed."""
    streams = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    others = [(os.POSIX_SPAWN_CLOSE, number) for number in _open_descriptors() if number > 2]
    os.posix_spawn(words[0], words, os.environ, file_actions=[*streams, *others], setsid=True)


def _open_descriptors() -> list[int]:
    """All that a child would inherit."""
    names = os.listdir("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")  # noqa: PTH208  # numbers, no files
    return [number for number in map(int, names) if _is_inherited(number)]


def _is_inherited(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # the descriptor that listed them
        return False


def _spawn_on_windows(words: list[str]) -> None:
    import subprocess

    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    null = subprocess.DEVNULL
    subprocess.Popen(words, stdin=null, stdout=null, stderr=null, close_fds=True, creationflags=flags)
