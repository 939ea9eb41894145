"""The pause after a failure: while it lasts, what did not work is not tried again where there is something else.

Instead of a renewal, credentials that still live are handed out; instead of a region, another one is asked.

The time of an empty file tells when it began, so that a hit can see it, and no reader writes anything.
"""

import os
import stat
import zlib

from oidc_helper import paths

_LASTS_S = 30  # botocore calls before every request while less than 15 minutes are left


def begin(entry: str, now: float) -> None:
    """Let an entry rest from `now` on (epoch seconds); where that cannot be noted, each caller tries."""
    from oidc_helper.machine import private_files

    try:
        path = private_files.directory("pauses") / _file_name(entry)
        os.close(private_files.open_file(path, os.O_RDWR | os.O_CREAT))
        os.utime(path, (int(now), int(now)))
    except OSError:
        return


def lasts(entry: str, now: float) -> bool:
    """Whether an entry rests; a pause that begins later than `now` is none."""
    try:
        status = os.lstat(f"{paths.state_directory()}/pauses/{_file_name(entry)}")
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and 0 <= now - status.st_mtime < _LASTS_S


def _file_name(entry: str) -> str:
    return f"{zlib.crc32(entry.encode()):08x}"
