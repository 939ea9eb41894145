"""The Linux kernel keyring: read, write with a timeout, delete; every refusal is an OSError or a miss."""

import ctypes
import errno
import os
import sys

# add_key and keyctl by `uname -m`, from the kernel's syscall tables; a machine not listed has no kernel keyring.
_SYSCALLS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "loongarch64": (217, 219),
    "ppc64le": (269, 271),
    "riscv64": (217, 219),
    "s390x": (278, 280),
}
# linux/keyctl.h
_PROCESS_KEYRING, _SESSION_KEYRING, _USER_KEYRING = -2, -3, -4
_JOIN_SESSION, _SETPERM, _DESCRIBE, _LINK, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT = 1, 5, 6, 8, 9, 10, 11, 15
# The owner has all rights, so that another login of the same user can read it too. A mere possessor has none: a process
# started from our session as another user, by su or by a daemon that gives up root, possesses our keyrings. It may link
# a key of its own there, under any name, so a key counts as ours only with this owner and these rights.
_OF_THE_USER = 0x003F0000
_TYPES = (b"big_key", b"user")  # a big_key hardly counts against the quota; ENODEV if the kernel lacks it
_MOST = 10_000  # keys that we list; a user may have 200, root a million
_LARGEST = 32_767  # bytes in a `user` key; a big_key could hold more, but then no `user` key could replace it
_LONGEST = 8_192  # bytes of a description; the name in it has fewer than 4,096

VARIABLE = "OIDC_HELPER_KERNEL_KEYRING"
PLACES = ("user", "session", "off")
_ANCHORS = {"user": _USER_KEYRING, "session": _SESSION_KEYRING}

_Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_int32]


def read(name: str) -> bytes | None:
    """The payload; None if there is no such key of ours, it has expired, or the kernel refuses."""
    buffer = ctypes.create_string_buffer(_LARGEST)
    try:
        key = _search(name, _TYPES)
        length = _keyctl(_READ, key, buffer, _LARGEST) if key else 0
    except OSError:
        return None
    return buffer.raw[:length] if 0 < length <= _LARGEST else None


def exists(name: str) -> bool:
    """Whether there is a live key of ours with that name; does not read its payload."""
    try:
        return _search(name, _TYPES) is not None
    except OSError:
        return False


def write(name: str, payload: bytes, timeout_s: int) -> None:
    """Create or replace a key atomically; the kernel drops it after `timeout_s` seconds (0: at the next boot).

    We complete the key in the process keyring, which dies with us, and link it from there. The link displaces the
    former key of that name, even another user's, so nobody ever sees half a record, or one without its timeout.
    Raises OSError.
    """
    if len(payload) > _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    anchor = _anchor()
    key, kind = _make(name, payload)
    try:
        _keyctl(_SETPERM, key, _OF_THE_USER)
        _keyctl(_SET_TIMEOUT, key, timeout_s)
        _keyctl(_LINK, key, anchor)
    finally:
        _keyctl(_UNLINK, key, _PROCESS_KEYRING)
    _unlink(name, anchor, tuple(other for other in _TYPES if other != kind))


def delete(name: str) -> bool:
    """Delete a key of ours; returns whether there was one. Raises OSError if the kernel refuses."""
    return _unlink(name, _anchor(), _TYPES)


def names() -> list[str]:
    """The names of all our keys. Raises OSError if the kernel refuses."""
    keys = (ctypes.c_int32 * _MOST)()
    length = _keyctl(_READ, _anchor(), keys, ctypes.sizeof(keys))
    return [name for key in keys[: length // 4] if (name := _own_name(key))]


def available() -> bool:
    """Whether this kernel, machine and sandbox let us keep keys (Docker's default profile does not)."""
    try:
        probe()
    except OSError:
        return False
    return True


def probe() -> None:
    """Raise the OSError that any use of the kernel keyring would meet."""
    _keyctl(_DESCRIBE, _anchor(), 0, 0)  # a search of a revoked keyring finds nothing, without an error


def join_anonymous_session() -> None:
    """Give this process and its children a session keyring of their own, which ends with the last of them.

    With `OIDC_HELPER_KERNEL_KEYRING=session`, nothing touches the user's keyring after that. Raises OSError.
    """
    _keyctl(_JOIN_SESSION, 0)


def _make(name: str, payload: bytes) -> tuple[int, bytes]:
    for kind in _TYPES[:-1]:
        try:
            return _syscall(0, kind, name.encode(), payload, len(payload), _PROCESS_KEYRING), kind
        except OSError:
            continue
    return _syscall(0, _TYPES[-1], name.encode(), payload, len(payload), _PROCESS_KEYRING), _TYPES[-1]


def _own_name(key: int) -> str:
    """The name of a key of ours; empty for another user's key, or one that has just expired."""
    description = ctypes.create_string_buffer(_LONGEST)
    try:
        _keyctl(_DESCRIBE, key, description, _LONGEST)
    except OSError:
        return ""
    _, owner, _, rights, name = description.value.split(b";", 4)  # the first is the type, the third the group
    is_ours = sys.platform == "linux" and int(owner) == os.geteuid() and int(rights, 16) == _OF_THE_USER
    return name.decode("utf-8", "replace") if is_ours else ""


def _search(name: str, kinds: tuple[bytes, ...]) -> int | None:
    anchor = _anchor()
    for kind in kinds:
        try:
            key = _keyctl(_SEARCH, anchor, kind, name.encode(), 0)
        except OSError as error:
            if not _is_missing(error):
                raise
        else:
            if _own_name(key):
                return key
    return None


def _unlink(name: str, anchor: int, kinds: tuple[bytes, ...]) -> bool:
    unlinked = False
    for kind in kinds:
        if key := _search(name, (kind,)):
            try:
                _keyctl(_UNLINK, key, anchor)
            except FileNotFoundError:  # the key is in another keyring, which is linked into this one
                continue
            unlinked = True
    return unlinked


def _anchor() -> int:
    anchor = _ANCHORS.get(os.environ.get(VARIABLE, "user"))
    if anchor is None:
        raise OSError(errno.ENOSYS, f"switched off by {VARIABLE}")
    if sys.platform == "linux" and os.getuid() != os.geteuid():
        # The keyring belongs to the real user, but our keys would belong to the effective one.
        raise OSError(errno.EPERM, "the real and the effective user differ")
    return anchor


def _keyctl(operation: int, *arguments: _Argument) -> int:
    return _syscall(1, operation, *arguments)


def _is_missing(error: OSError) -> bool:
    if sys.platform != "linux":
        return False
    closed = errno.EACCES  # a key whose owner, another user, closed it to us
    return error.errno in (errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED, closed)


def _numbers() -> tuple[int, int] | None:
    if sys.platform != "linux" or sys.maxsize <= 2**32:
        return None
    return _SYSCALLS.get(os.uname().machine)


def _syscall(which: int, *arguments: _Argument) -> int:
    """Call add_key (0) or keyctl (1). Raises OSError."""
    numbers = _numbers()
    if numbers is None:
        raise OSError(errno.ENOSYS, "no kernel keyring on this machine")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    words = (ctypes.c_long(word) if isinstance(word, int) else word for word in arguments)
    answer: int = libc.syscall(ctypes.c_long(numbers[which]), *words)
    if answer == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
