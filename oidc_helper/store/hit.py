"""A hit when the kernel keyring is full or missing: a record in the Secret Service, read with few imports."""

import os

from oidc_helper import kernel
from oidc_helper.store import keyring_settings

_TIMEOUT_S = 2  # it takes 3 ms; if the service hangs, the full program asks it again and says so


def read(entry: str) -> bytes | None:
    """The record; None for anything unusual, since the full program asks again and says what is wrong."""
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ or keyring_settings.exist():
        return None
    try:
        if kernel.available() and not _lies_elsewhere(entry):
            return None
        from oidc_helper.machine.deadline import Deadline
        from oidc_helper.store import parts, secret_service

        sealed = Deadline(_TIMEOUT_S).run(lambda: secret_service.read(entry, parts.USER))
        text = sealed and parts.unseal(sealed.decode())
    except Exception:  # noqa: BLE001  locked, hanging, gone, no text, not installed
        return None
    return text.encode() if text else None


def _lies_elsewhere(entry: str) -> bool:
    """Whether the record went elsewhere because the kernel keyring was full; a miss needs the same imports anyway."""
    from oidc_helper.store import index, places

    note = index.read().entries.get(entry)
    return note is not None and note.place != places.KERNEL
