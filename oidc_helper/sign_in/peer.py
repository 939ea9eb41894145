"""The user at the other end of a connection within this machine, from Linux's tables (proc(5), /proc/net/tcp)."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED, _NO_INODE = "01", "0"
_MAPPED = b"\0" * 10 + b"\xff\xff"  # before an IPv4 address in an IPv6 socket (RFC 4291 section 2.5.5.2)

Address = tuple[str, int]


class _Row(NamedTuple):
    local: str
    remote: str
    state: str
    user: int
    inode: str


def is_foreign(ours: Address, theirs: Address) -> bool:
    """Whether the other end belongs to another user, or is closed already: to hang up after the request is to hide.

    False if nothing shows it: on other systems, and for connections from outside, such as those of WSL's host. False
    for root, too: root has simpler attacks, and in some versions its relay brings the connections of WSL's host.
    """
    if sys.platform != "linux":
        return False
    near, far = _spelled(*ours), _spelled(*theirs)
    rows = [row for row in _rows() if row.local in near or row.remote in near]
    far_rows = [row for row in rows if row.local in far]
    if far_rows:
        return all(row.inode == _NO_INODE or row.user not in (0, os.geteuid()) for row in far_rows)
    # Without a row of its own, the other end is outside or was reset. If not even our listening port has a row, the
    # tables show nothing.
    return bool(rows) and not any(row.remote in far and row.state == _ESTABLISHED for row in rows)


def _rows() -> Iterator[_Row]:
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                yield _Row(words[1], words[2], words[3], int(words[7]), words[9])


def _spelled(address: str, port: int) -> set[str]:
    """An address as either table may spell it: hexadecimal words in the machine's byte order."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    forms = [packed] if len(packed) > 4 else [packed, _MAPPED + packed]
    words = ([form[at : at + 4] for at in range(0, len(form), 4)] for form in forms)
    return {"".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in form) + f":{port:04X}" for form in words}
