"""Records in the kernel keyring: credentials as a hit prints them, all others sealed; room is made where it is full."""

import errno
import sys
import time

from oidc_helper import kernel, paths
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import parts
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.store.places import KERNEL, name_of

REMEDY = "start a Secret Service, or name a keyring back end with PYTHON_KEYRING_BACKEND"

_LONGEST_TIMEOUT_S = 2**31 - 1
_SWEPT_S, _PAUSE_S = 0.5, 0.01  # the kernel counts a key that was dropped until it has swept, which took 60 ms
_SAYS = {
    errno.EPERM: "is forbidden here, as in most containers",
    errno.ENOSYS: "is not to be had here",
    errno.EDQUOT: "is full (see /proc/key-users)",
    errno.EFBIG: "takes no record of this size",
}
if sys.platform == "linux":
    _REVOKED = "was revoked by a process that this user's session started"
    _SAYS |= {errno.ENOKEY: _REVOKED, errno.EKEYREVOKED: _REVOKED, errno.EKEYEXPIRED: _REVOKED}


def require_place() -> str:
    """The place. Raises StoreUnusable where nothing can be put there."""
    try:
        kernel.probe()
    except OSError as error:
        raise problem(error.errno) from None
    return KERNEL


def get(kind: str, entry: str) -> str | None:
    """The record's text; None where there is none, or its parts do not add up."""
    payload = kernel.read(entry)
    if payload is None:
        return None
    text = payload.decode("utf-8", "replace")
    return text if kind == CREDENTIALS else parts.unseal(text)


def put(kind: str, entry: str, text: str, *, left_s: int) -> None:
    """Keep a record for `left_s` seconds, 0: until the next boot. Raises StoreUnusable."""
    payload = (text if kind == CREDENTIALS else parts.seal(text)).encode()
    room_until = 0.0
    while True:
        try:
            kernel.write(entry, payload, min(left_s, _LONGEST_TIMEOUT_S))
        except OSError as error:
            is_waiting = time.monotonic() < room_until
            if error.errno != errno.EDQUOT or not (is_waiting or _make_room(kind, entry)):
                raise problem(error.errno) from None
            if not is_waiting:
                room_until = time.monotonic() + _SWEPT_S
            time.sleep(_PAUSE_S)
        else:
            return


def delete(entry: str) -> bool:
    """Delete a record; False where there was none, or the kernel never took anything."""
    try:
        return kernel.delete(entry)
    except OSError:
        return False


def problem(number: int | None) -> StoreUnusable:
    """The error for one that the kernel reports by its errno."""
    says = _SAYS.get(number or 0, f"refuses (errno {number})")
    return StoreUnusable(f"the {name_of(KERNEL)} {says}", REMEDY)


def _make_room(kind: str, entry: str) -> bool:
    """Drop a key of credentials, which are cheap to get again: tokens may need a person. False where there is none.

    Credentials make room for themselves alone: the key that they replace counts as long as both are there.
    """
    try:
        if kind == CREDENTIALS:
            return kernel.delete(entry)
        beginning = f"{paths.APPLICATION}:{CREDENTIALS}:"
        return any(kernel.delete(other) for other in kernel.names() if other.startswith(beginning))
    except OSError:
        return False
