"""Files in the state directory: private, ours, and never somebody else's through a link."""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from oidc_helper import paths

T = TypeVar("T")

_DIRECTORY_MODE, _FILE_MODE = 0o700, 0o600
_TRIES = 50 if os.name == "nt" else 1  # Windows neither opens nor replaces a file that another has open
_PAUSE_S = 0.01


def directory(*below: str) -> Path:
    """The state directory, or one below it; made for us alone where it is missing.

    Raises OSError, also where it belongs to another user.
    """
    path = Path(paths.state_directory())
    _make(path)
    _require_ours(path.stat(), path)
    for name in below:
        path /= name
        _make(path)
        _require_ours(path.lstat(), path)
    return path


def open_file(path: Path, flags: int) -> int:
    """A descriptor, which no child inherits, of a regular file of ours. Raises OSError."""
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), _FILE_MODE)
    try:
        status = os.fstat(descriptor)
        _require_ours(status, path)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(errno.EPERM, "it is no regular file", str(path))
        if flags & os.O_CREAT and stat.S_IMODE(status.st_mode) != _FILE_MODE and os.name != "nt":
            os.fchmod(descriptor, _FILE_MODE)  # the caller's umask may have taken even our own access
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read(name: str, largest: int) -> bytes:
    """As many bytes of a file of ours. Raises OSError."""
    path = Path(paths.state_directory(), name)

    def content() -> bytes:
        with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
            return file.read(largest)

    return patiently(content)


def wrecks(name: str) -> list[Path]:
    """Name what killed writers of a file left, provided that nobody is writing it now."""
    return list(Path(paths.state_directory()).glob(f".{name}.*"))


def replace(name: str, text: str) -> None:
    """Rename a complete and synced file over the old one. Raises OSError."""
    path = directory() / name
    beginning = path.with_name(f".{name}.{os.urandom(8).hex()}")
    try:
        with os.fdopen(open_file(beginning, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: beginning.replace(path))
    except OSError:
        with suppress(OSError):
            beginning.unlink()
        raise
    _sync(path.parent)


def _make(path: Path) -> None:
    """Make a directory, and what is missing above it, for us alone, be the caller's umask what it is.

    It stays as it is, since children inherit it and a program of the user's makes files of its own.
    """
    if path.is_dir():
        return
    _make(path.parent)
    try:
        path.mkdir(_DIRECTORY_MODE)
        path.chmod(_DIRECTORY_MODE)
    except FileExistsError:
        if not path.is_dir():
            raise  # a file; a directory was made by another process meanwhile


def _sync(path: Path) -> None:
    if os.name != "nt":  # no descriptor of a directory there
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def patiently(step: Callable[[], T]) -> T:
    """The step's result; on Windows it is tried for half a second while another program has the file open."""
    for _ in range(_TRIES - 1):
        try:
            return step()
        except PermissionError:
            time.sleep(_PAUSE_S)
    return step()


def _require_ours(status: os.stat_result, path: Path) -> None:
    """On Windows a stat has no owner, and the profile directory is the guard."""
    if os.name != "nt" and status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
