"""The pause after a failure: while it lasts, we do not repeat what failed if there is an alternative.

Instead of renewing, we hand out credentials that are still alive; instead of asking a region, we ask another one.

The time of an empty file tells when the pause began, so that a hit can see it, and no reader writes anything.
"""

import os
import stat
import zlib

from oidc_helper import paths

_LASTS_S = 30  # botocore calls us before every request while less than 15 minutes are left


def begin(entry: str, now: float) -> None:
    """Begin the pause of an entry at `now` (epoch seconds); if the file cannot be written, each caller tries again."""
    from oidc_helper.machine import private_files

    try:
        path = private_files.directory("pauses") / _file_name(entry)
        os.close(private_files.open_file(path, os.O_RDWR | os.O_CREAT))
        os.utime(path, (int(now), int(now)))
    except OSError:
        return


def lasts(entry: str, now: float) -> bool:
    """Whether the pause of an entry lasts; one that begins later than `now` does not count."""
    try:
        status = os.lstat(f"{paths.state_directory()}/pauses/{_file_name(entry)}")
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and 0 <= now - status.st_mtime < _LASTS_S


def _file_name(entry: str) -> str:
    return f"{zlib.crc32(entry.encode()):08x}"
