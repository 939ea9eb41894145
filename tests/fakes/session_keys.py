"""The kernel keyring of one test: an anonymous session, and the keys in it."""

import ctypes
import struct
from contextlib import suppress
from pathlib import Path

from oidc_helper import kernel

_SESSION = -3
_DESCRIBE, _CLEAR, _READ = 6, 7, 11


def renew() -> None:
    """Leave the former session, which ends with that, for an empty one."""
    with suppress(OSError):
        kernel.join_anonymous_session()


def clear() -> None:
    """Forget the keys in it."""
    with suppress(OSError):
        kernel._keyctl(_CLEAR, _SESSION)


def descriptions() -> list[str]:
    """Name the live keys in it, without the type's and the owner's columns."""
    names = []
    for key in _keys():
        with suppress(OSError):  # it has expired, and is not swept yet
            names.append(_describe(key)[4])
    return sorted(names)


def timeout_of(name: str) -> str:
    """Read the time that is left to a key from /proc/keys, as `59m`; `perm` stands for no end."""
    return _row(name)[3]


def permissions_of(name: str) -> str:
    """Read its permissions for possessor, user, group and others, in hexadecimal."""
    return _row(name)[4]


def _row(name: str) -> list[str]:
    rows = [line.split(None, 8) for line in Path("/proc/keys").read_text("utf-8").splitlines()]
    return next(row for row in rows if row[8].startswith(f"{name}:"))


def _keys() -> tuple[int, ...]:
    buffer = ctypes.create_string_buffer(65_536)
    length = kernel._keyctl(_READ, _SESSION, buffer, len(buffer))
    return struct.unpack(f"{length // 4}i", buffer.raw[:length])


def _describe(key: int) -> list[str]:
    buffer = ctypes.create_string_buffer(8_192)
    kernel._keyctl(_DESCRIBE, key, buffer, len(buffer))
    return buffer.value.decode().split(";", 4)
