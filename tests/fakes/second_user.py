"""Two real users, the second one's process started from the session of the first: what the second can do to its keys.

`python -m fakes.second_user read|plant|take|revoke` prints what it came to, as JSON; only root can run it. With
OIDC_HELPER_KERNEL_KEYRING=user the keys are in the first user's own keyring, which the session leads to.
"""

import ctypes
import errno
import json
import os
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from itertools import product

from oidc_helper import (
    kernel,
    redaction,  # noqa: F401  errors load it, which another user than root may not be able to
)
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import in_kernel

FIRST, SECOND = 200_000 + os.getpid(), 65_534
NAME, OURS, THEIRS = "oidc-helper:credentials:analytics", b"of the first", b"of the second"
_PROCESS_KEYRING = -2
_LINK, _DESCRIBE, _READ = 8, 6, 11
_ANYBODY, _NOBODY_ELSE, _POSSESSORS = 0x3F3F3F3F, 0x003F0000, 0x3F000000  # rights on a key

# Operation of keyctl -> its further arguments; each would change or copy the key.
_TAKE: dict[str, tuple[int, tuple[int | bytes, ...]]] = {
    "update": (2, (THEIRS, len(THEIRS))),
    "revoke": (3, ()),
    "chown": (4, (SECOND, SECOND)),
    "set permissions": (5, (_ANYBODY,)),
    "link": (_LINK, (_PROCESS_KEYRING,)),
    "set timeout": (15, (1,)),
    "invalidate": (21, ()),
}


def read() -> object:
    """What stopped the second user from reading the first one's key."""
    _as(FIRST, lambda: kernel.write(NAME, OURS, 60))

    def attempt() -> str:
        try:
            return _payload(_key()).decode()
        except OSError as error:
            return errno.errorcode[error.errno or 0]

    return _as(SECOND, attempt)


def take() -> object:
    """What the second user could do to the first one's key, and what the first reads then."""
    _as(FIRST, lambda: kernel.write(NAME, OURS, 60))

    def attempts() -> list[str]:
        key = _key()
        return [what for what, (number, more) in _TAKE.items() if _done(number, key, *more)]

    return [_as(SECOND, attempts), _as(FIRST, _read)]


def plant() -> object:
    """What the first user sees of keys that the second has put in place of its own, of any kind, rights and depth.

    Each in turn: what is read, whether it is there, its names; what is read once it is written; whether it is
    deleted, and what is read then.
    """

    def look() -> list[object]:
        before = [_read(), kernel.exists(NAME), kernel.names()]
        kernel.write(NAME, OURS, 60)
        return [*before, _read(), kernel.delete(NAME), _read()]

    seen = []
    for kind, rights, depth in product((b"user", b"big_key"), (_ANYBODY, _NOBODY_ELSE, _POSSESSORS), (0, 1)):
        _as(FIRST, lambda: kernel.write(NAME, OURS, 60))
        if _as(SECOND, lambda kind=kind, rights=rights, depth=depth: _plant(kind, rights, depth)):  # type: ignore[misc]
            seen.append(_as(FIRST, look))
    return seen


def revoke() -> object:
    """Whether the keyring of the first user is called usable once the second has revoked it, and why it is not."""

    def attempt() -> list[object]:
        try:
            in_kernel.require_place()
        except StoreUnusable as problem:
            return [kernel.available(), problem.message]
        return [kernel.available(), ""]

    _as(FIRST, lambda: kernel.write(NAME, OURS, 60))
    _as(SECOND, lambda: kernel._keyctl(3, _anchor()))
    return _as(FIRST, attempt)


def _plant(kind: bytes, rights: int, depth: int) -> bool:
    """Whether a key of the second user is there now; the kernel may have no keys of that kind."""
    try:
        key = kernel._syscall(0, kind, NAME.encode(), THEIRS, len(THEIRS), _PROCESS_KEYRING)
    except OSError:
        return False
    for _ in range(depth):
        keyring = kernel._syscall(0, b"keyring", b"deeper", 0, 0, _PROCESS_KEYRING)
        kernel._keyctl(_LINK, key, keyring)
        kernel._keyctl(5, key, rights)
        kernel._keyctl(5, keyring, _ANYBODY)
        key = keyring
    kernel._keyctl(_LINK, key, _anchor())
    if not depth:
        kernel._keyctl(5, key, rights)
    return True


def _read() -> str | None:
    payload = kernel.read(NAME)
    return payload.decode() if payload else None


def _done(number: int, key: int, *more: int | bytes) -> bool:
    try:
        kernel._keyctl(number, key, *more)
    except OSError:
        return False
    return True


def _anchor() -> int:
    """The keyring that the first user's records are in, as the second finds it."""
    if os.environ[kernel.VARIABLE] == "session":
        return -3
    return next(key for key in _below(-3) if _description(key).endswith(f";_uid.{FIRST}"))


def _key() -> int:
    """Our key, which the second user may not look at: the only one in the keyring."""
    (key,) = _below(_anchor())
    return key


def _below(keyring: int) -> Iterator[int]:
    yield from (number for (number,) in struct.iter_unpack("i", _payload(keyring)))


def _payload(key: int) -> bytes:
    buffer = ctypes.create_string_buffer(4_096)
    length = kernel._keyctl(_READ, key, buffer, len(buffer))
    return buffer.raw[:length]


def _description(key: int) -> str:
    buffer = ctypes.create_string_buffer(4_096)
    kernel._keyctl(_DESCRIBE, key, buffer, len(buffer))
    return buffer.value.decode()


def _as(user: int, work: Callable[[], object]) -> object:
    """The result of `work` in a process of that user, which has our session."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        try:
            os.write(writing, json.dumps(work()).encode())
        except Exception:  # noqa: BLE001  it must not go on as its parent
            traceback.print_exc()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as result:
        answer = json.loads(result.read())  # a process that failed has written nothing, and said why
    os.wait()
    return answer


if __name__ == "__main__":
    kernel.join_anonymous_session()
    if os.environ[kernel.VARIABLE] == "user":
        _as(FIRST, lambda: kernel._keyctl(_LINK, -4, -3))  # as pam_keyinit does
    print(json.dumps(globals()[sys.argv[1]]()))
