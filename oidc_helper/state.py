"""Files in the state directory: private, ours, and never somebody else's through a link."""

import errno
import os
import stat
from pathlib import Path

from oidc_helper import paths


def directory(*below: str) -> Path:
    """The state directory, or one below it; made for us alone where it is missing.

    Raises OSError, also where it belongs to another user.
    """
    path = Path(paths.state_directory())
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_ours(path.stat(), path)
    for name in below:
        path /= name
        path.mkdir(mode=0o700, exist_ok=True)
        _require_ours(path.lstat(), path)
    return path


def open_file(path: Path, flags: int) -> int:
    """A descriptor, which no child inherits, of a regular file of ours. Raises OSError."""
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    try:
        status = os.fstat(descriptor)
        _require_ours(status, path)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(errno.EPERM, "it is no regular file", str(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _require_ours(status: os.stat_result, path: Path) -> None:
    """On Windows a stat has no owner, and the profile directory is the guard."""
    if os.name != "nt" and status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
