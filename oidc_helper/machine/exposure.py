"""Whether a file can be trusted: its owner is somebody we trust, and nobody else can write or replace it.

The same must hold for each directory and link on the way to it, as sshd requires for authorized_keys (StrictModes).

On Windows the profile directory guards the user's files, and we check the owners of the site's.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_ALL_USERS = "4294967295"  # the length of the map in the initial namespace, which leaves out none (user_namespaces(7))


def foreign_place(path: str) -> tuple[Path, int] | None:
    """The first place on the way to a file that is neither ours nor root's, and its owner's uid. Raises OSError."""
    if sys.platform == "win32":
        return None
    return _first_untrusted(path, {0, os.geteuid()})


def unofficial_place(path: str) -> tuple[Path, int | str] | None:
    """The first place that belongs neither to root nor to the interpreter's owner, who can make us do anything anyway.

    On Windows the owner is a SID, and we check only the file and its directory: anybody may create directories below
    the system's own. Raises OSError.
    """
    if sys.platform == "win32":
        from oidc_helper.machine import windows_owners

        return windows_owners.unofficial_place(path)
    interpreter = Path(sys.executable)
    return _first_untrusted(path, {0, interpreter.stat().st_uid, interpreter.lstat().st_uid})


def _first_untrusted(path: str, trusted: set[int]) -> tuple[Path, int] | None:
    trusted |= _unmapped()
    owners = ((place, place.lstat().st_uid) for place in _way(path))
    return next(((place, owner) for place, owner in owners if owner not in trusted), None)


def open_place(path: str) -> Path | None:
    """The first place on the way to a file, or the file, that anybody but its owner can write to. Raises OSError."""
    if sys.platform == "win32":
        return None
    return next((place for place in _way(path) if _is_open_to_others(place)), None)


def _way(path: str) -> Iterator[Path]:
    """Every directory and link that the system follows from the root to the file of an absolute path, and the file."""
    place, ahead = Path("/"), list(reversed(Path(path).parts))
    while ahead:
        part = ahead.pop()
        place = place.parent if part == ".." else place / part
        yield place
        if place.is_symlink():
            ahead += reversed(place.readlink().parts)
            place = place.parent


def _is_open_to_others(place: Path) -> bool:
    status = place.lstat()
    if stat.S_ISLNK(status.st_mode):  # the permissions of a link mean nothing
        return False
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:  # only owners can replace entries there
        return False
    by_group = status.st_mode & stat.S_IWGRP and not _is_private_group(place, status)
    return bool(by_group or status.st_mode & stat.S_IWOTH) and not _is_read_only(place)


def _is_private_group(place: Path, status: os.stat_result) -> bool:
    """Whether the owner is the group's only member, as is usual with umask 002; the bits may also stand for an ACL."""
    if sys.platform == "win32":
        return True
    import grp
    import pwd

    with suppress(KeyError, OSError):
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
        is_private = owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and not group.gr_mem
        return is_private and not (sys.platform == "linux" and "system.posix_acl_access" in os.listxattr(place))
    return False


def _is_read_only(place: Path) -> bool:
    """Whether the file system is read-only, whatever the permissions: volumes of Kubernetes are 0777 and read-only."""
    return sys.platform != "win32" and bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def _unmapped() -> set[int]:
    """The uid that stands for all users outside our user namespace, among them the machine's root."""
    with suppress(OSError, ValueError, IndexError):
        if Path("/proc/self/uid_map").read_text("utf-8").split()[2] != _ALL_USERS:
            return {int(Path("/proc/sys/kernel/overflowuid").read_text("utf-8"))}
    return set()
