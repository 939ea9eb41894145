"""The user at the other end of a connection within this machine, as Linux tells it (proc(5), /proc/net/tcp)."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED, _NO_INODE = "01", "0"
_MAPPED = b"\0" * 10 + b"\xff\xff"  # before an IPv4 address, in a socket for both kinds (RFC 4291 section 2.5.5.2)

Address = tuple[str, int]


class _Row(NamedTuple):
    local: str
    remote: str
    state: str
    user: int
    inode: str


def is_foreign(ours: Address, theirs: Address) -> bool:
    """Whether another user is at their end, or nobody any more, who would hide by hanging up after the request.

    False where nothing tells: on other systems, and for what comes from outside, such as WSL's host. So it is for root,
    who needs no such way, and whose relay brings the connections of WSL's host in some versions.
    """
    if sys.platform != "linux":
        return False
    near, far = _spelled(*ours), _spelled(*theirs)
    rows = [row for row in _rows() if row.local in near or row.remote in near]
    their_end = [row for row in rows if row.local in far]
    if their_end:
        return all(row.inode == _NO_INODE or row.user not in (0, os.geteuid()) for row in their_end)
    # Without their end it comes from outside, or has been reset; the port where we listen shows whether Linux tells.
    return bool(rows) and not any(row.remote in far and row.state == _ESTABLISHED for row in rows)


def _rows() -> Iterator[_Row]:
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                yield _Row(words[1], words[2], words[3], int(words[7]), words[9])


def _spelled(address: str, port: int) -> set[str]:
    """An address as both tables may spell it: words of the machine's byte order, in hexadecimal."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    forms = [packed] if len(packed) > 4 else [packed, _MAPPED + packed]
    words = ([form[at : at + 4] for at in range(0, len(form), 4)] for form in forms)
    return {"".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in form) + f":{port:04X}" for form in words}
