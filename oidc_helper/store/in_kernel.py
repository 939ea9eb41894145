"""Records in the kernel keyring: credentials as a hit prints them, all others sealed; makes room if it is full."""

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
# The kernel counts a dropped key until it has swept it, which took 60 ms, and longer on a busy machine.
_MOSTLY_SWEPT_S, _SWEPT_S, _PAUSE_S = 0.1, 0.5, 0.01
_PATIENCE_S = 2  # other programs may fill the quota however many keys we drop; the answer must not wait for that
_REASONS = {
    errno.EPERM: "is forbidden here, as in most containers",
    errno.ENOSYS: "is not available here",
    errno.EDQUOT: "is full (see /proc/key-users)",
    errno.EFBIG: "takes no record of this size",
}
if sys.platform == "linux":
    _REVOKED = "was revoked by a process that this user's session started"
    _REASONS |= {errno.ENOKEY: _REVOKED, errno.EKEYREVOKED: _REVOKED, errno.EKEYEXPIRED: _REVOKED}


def require_place() -> str:
    """The place. Raises StoreUnusable if nothing can be put there."""
    try:
        kernel.probe()
    except OSError as error:
        raise problem(error.errno) from None
    return KERNEL


def get(kind: str, entry: str) -> str | None:
    """The record's text; None if there is none, or its parts do not add up."""
    payload = kernel.read(entry)
    if payload is None:
        return None
    text = payload.decode("utf-8", "replace")
    return text if kind == CREDENTIALS else parts.unseal(text)


def put(kind: str, entry: str, text: str, *, left_s: int) -> None:
    """Keep a record for `left_s` seconds, 0: until the next boot. Raises StoreUnusable."""
    payload = (text if kind == CREDENTIALS else parts.seal(text)).encode()
    began = time.monotonic()
    dropped_at = began - _SWEPT_S
    while True:
        try:
            kernel.write(entry, payload, min(left_s, _LONGEST_TIMEOUT_S))
        except OSError as error:
            now = time.monotonic()
            if error.errno != errno.EDQUOT or now - began >= _PATIENCE_S:
                raise problem(error.errno) from None
            if now - dropped_at >= _MOSTLY_SWEPT_S and _make_room(kind, entry):
                dropped_at = now
            elif now - dropped_at >= _SWEPT_S:
                raise problem(error.errno) from None
            time.sleep(_PAUSE_S)
        else:
            return


def delete(entry: str) -> bool:
    """Delete a record; False if there was none, or the kernel refuses."""
    try:
        return kernel.delete(entry)
    except OSError:
        return False


def problem(number: int | None) -> StoreUnusable:
    """The error for an errno of the kernel."""
    reason = _REASONS.get(number or 0, f"refuses (errno {number})")
    return StoreUnusable(f"the {name_of(KERNEL)} {reason}", REMEDY)


def _make_room(kind: str, entry: str) -> bool:
    """Drop a key of credentials, which are cheap to get again: tokens may need a person. False if there is none.

    Credentials drop only the key that they replace, which counts against the quota as long as both exist.
    """
    try:
        if kind == CREDENTIALS:
            return kernel.delete(entry)
        beginning = f"{paths.APPLICATION}:{CREDENTIALS}:"
        return any(kernel.delete(other) for other in kernel.names() if other.startswith(beginning))
    except OSError:
        return False
