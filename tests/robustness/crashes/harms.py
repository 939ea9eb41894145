"""The harms that can happen to a process at one of its system calls."""

import errno
from dataclasses import dataclass

HARMS = KILL, FULL_DISK, FULL_QUOTA = "kill -9", "full disk", "full key quota"
ERRORS = {FULL_DISK: errno.ENOSPC, FULL_QUOTA: errno.EDQUOT}

OPENING, NEW = {"open", "openat", "creat"}, " (new)"  # follows the path of a file that the call creates
_TAKE_ROOM = {"write", "pwrite64", "writev", "fsync", "fdatasync", "mkdir", "mkdirat", "link", "linkat"}
_TAKE_ROOM |= {"symlink", "symlinkat"}
_TAKE_KEYS = ("add_key", "keyctl 8")  # KEYCTL_LINK


@dataclass(frozen=True)
class Harm:
    """`kill -9` before call number `at` (from 1), or no room from that call on."""

    kind: str
    at: int

    def fails(self, call: str) -> bool:
        """Whether a call, as `tracing` describes it, fails for lack of room."""
        if self.kind == FULL_QUOTA:
            return call.startswith(_TAKE_KEYS)
        name, _, path = call.partition(" ")
        takes_room = name in _TAKE_ROOM or (name in OPENING and path.endswith(NEW))
        is_file = path.startswith("/") and not path.endswith("(deleted)")
        return self.kind == FULL_DISK and takes_room and is_file
