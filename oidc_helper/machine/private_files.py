"""Files in the state directory: private, ours, and never another user's file through a link.

With `spare`, the same in the runtime directory, in case the state directory cannot be written; such files last until
the boot ends.
"""

import errno
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from oidc_helper import paths

T = TypeVar("T")

_DIRECTORY_MODE, _FILE_MODE = 0o700, 0o600
_TRIES = 50 if sys.platform == "win32" else 1  # Windows neither opens nor replaces a file that another process has open
_PAUSE_S = 0.01


def directory(*below: str, spare: bool = False) -> Path:
    """The state directory, or one below it; created for us alone if it is missing, and closed to others.

    Raises OSError, also if it belongs to another user, or would be created in another user's home.
    """
    path = _base(spare=spare)
    _make(path)
    if spare:
        for above in path.parents[:2]:
            _require_ours(above.lstat(), above)  # another user could replace what is ours
    _close_to_others(path.stat(), path)
    for name in below:
        path /= name
        _make(path)
        _close_to_others(path.lstat(), path)
    return path


def open_file(path: Path, flags: int) -> int:
    """A descriptor, which no child inherits, of a regular file that we own. Raises OSError."""
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), _FILE_MODE)
    try:
        status = os.fstat(descriptor)
        _require_ours(status, path)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(errno.EPERM, "it is no regular file", str(path))
        if sys.platform != "win32" and flags & os.O_CREAT and stat.S_IMODE(status.st_mode) != _FILE_MODE:
            os.fchmod(descriptor, _FILE_MODE)  # the caller's umask may have taken even our own access
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read(name: str, largest: int, *, spare: bool = False) -> bytes:
    """The content of a file of ours, cut after `largest` bytes. Raises OSError."""
    path = _base(spare=spare) / name

    def content() -> bytes:
        with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
            return file.read(largest)

    return patiently(content)


def wrecks(name: str, *, spare: bool = False) -> list[Path]:
    """The files that killed writers of `name` left, provided that nobody is writing it now. Raises OSError."""
    with os.scandir(_base(spare=spare)) as entries:
        return [Path(entry.path) for entry in entries if entry.name.startswith(f".{name}.")]


def replace(name: str, text: str, *, spare: bool = False) -> None:
    """Rename a complete and synced file over the old one. Raises OSError."""
    path = directory(spare=spare) / name
    draft = path.with_name(f".{name}.{os.urandom(8).hex()}")
    try:
        with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: draft.replace(path))
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    _sync(path.parent)


def remove(name: str, *, spare: bool = False) -> None:
    """Delete a file of ours. Raises OSError."""
    (_base(spare=spare) / name).unlink()


def _base(*, spare: bool) -> Path:
    return _spare_directory() if spare else Path(paths.state_directory())


def _spare_directory() -> Path:
    """One for each state directory, below the runtime directory, which ends with the boot or this user's last login."""
    try:
        state = paths.state_directory()
    except FileNotFoundError:  # a user without a home
        state = ""
    return _runtime_directory() / paths.APPLICATION / f"{zlib.crc32(os.fsencode(state)):08x}"


def _runtime_directory() -> Path:
    """The same as platformdirs' user_runtime_path, whose import would cost each reader of the index 23 ms."""
    if sys.platform != "linux":
        import platformdirs

        return platformdirs.user_runtime_path()
    if path := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(path)
    usual = Path(f"/run/user/{os.geteuid()}")
    return usual if usual.is_dir() else Path(f"/tmp/runtime-{os.geteuid()}")  # noqa: S108  only if it is ours


def _make(path: Path) -> None:
    """Create a directory and its missing parents, for us alone, whatever the caller's umask.

    The umask itself stays as it is: a program that we start inherits it for its own files.
    """
    if path.is_dir():
        return
    _make(path.parent)
    _require_no_stranger(path.parent)
    try:
        path.mkdir(_DIRECTORY_MODE)
        path.chmod(_DIRECTORY_MODE)
    except FileExistsError:  # a file, or a directory that another process has just made
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None


def _sync(path: Path) -> None:
    if sys.platform != "win32":  # it cannot open a directory
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def patiently(step: Callable[[], T]) -> T:
    """The step's result; on Windows it is retried for half a second while another program has the file open."""
    for _ in range(_TRIES - 1):
        try:
            return step()
        except PermissionError:
            time.sleep(_PAUSE_S)
    return step()


def _close_to_others(status: os.stat_result, path: Path) -> None:
    """A directory may have been open until now; files that others put there are theirs, and we do not use them."""
    _require_ours(status, path)
    if sys.platform != "win32" and stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(_DIRECTORY_MODE)


def _require_no_stranger(path: Path) -> None:
    """Root, if HOME is still a user's, must not leave directories there that the user cannot enter."""
    if sys.platform != "win32" and os.geteuid() == 0 and (owner := path.stat().st_uid):
        raise PermissionError(errno.EPERM, f"it would lie in a directory of another user ({owner})", str(path))


def _require_ours(status: os.stat_result, path: Path) -> None:
    """On Windows a stat has no owner, and the profile directory is the guard."""
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
