"""How full the kernel keyring of this user is."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

_LARGEST = 1_000_000


class Quota(NamedTuple):
    """The room that the keys of one user take, and may take."""

    used_bytes: int
    limit_bytes: int
    used_keys: int
    limit_keys: int


def of_this_user() -> Quota | None:
    """From /proc/key-users (proc_keys(5)); None if the kernel does not tell."""
    if sys.platform != "linux":
        return None
    try:
        with Path("/proc/key-users").open(encoding="ascii") as file:
            rows = file.read(_LARGEST)
    except (OSError, ValueError):
        return None
    row = re.search(rf"^ *{os.geteuid()}: +\d+ +\d+/\d+ +(\d+)/(\d+) +(\d+)/(\d+)$", rows, re.MULTILINE)
    if row is None:
        return None
    used_keys, limit_keys, used_bytes, limit_bytes = map(int, row.groups())
    return Quota(used_bytes, limit_bytes, used_keys, limit_keys)
