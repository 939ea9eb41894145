"""Which keyring this session has: the one that the user chose, else the one that the system brings, else none.

We obey the user's choice (keyringrc.cfg, PYTHON_KEYRING_BACKEND). Without one, we take no back end that is a file.
"""

import os
import sys
from typing import Any

from oidc_helper.errors import StoreUnusable
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.store import backends, keyring_settings
from oidc_helper.store.vault import Vault, silenced
from oidc_helper.words import printable

_NO_KEYRING = ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring")
_HINT = "check PYTHON_KEYRING_BACKEND and keyringrc.cfg (keyring diagnose says where that lies)"
# keyring would find them too, by importing every back end it has, the macOS one on Linux as well.
_SYSTEMS = {"darwin": "keyring.backends.macOS.Keyring", "win32": "keyring.backends.Windows.WinVaultKeyring"}


def find(*, timeout_s: float, prompts: bool = False) -> Vault | None:
    """The keyring of this session, None if there is none; `timeout_s` bounds the search and each later call.

    Raises StoreUnusable if the back end that the user chose cannot be used.
    """
    try:
        backend = Deadline(timeout_s).run(lambda: _secret_service(prompts=prompts))
        if backend is None and _may_exist():
            from keyring import core  # noqa: F401  outside of the deadline: it is slow when a hundred of us start

            with silenced():
                backend = Deadline(timeout_s).run(lambda: _of_the_system() or _of_keyring())
    except DeadlinePassed:
        raise StoreUnusable(f"no keyring answers within {timeout_s:g} s", backends.KWALLET.hint) from None
    except Exception as error:  # noqa: BLE001  a chosen back end may raise anything when it is loaded
        reason = printable(str(error) or type(error).__name__)
        raise StoreUnusable(f"the chosen keyring back end cannot be used: {reason}", _HINT) from None
    return backend and Vault(backend, timeout_s=timeout_s, prompts=prompts)


def _secret_service(*, prompts: bool) -> Any:
    """The Secret Service without the library keyring, if the user chose nothing and keyring would prefer it too."""
    if sys.platform != "linux" or keyring_settings.exist() or not _is_secret_service_preferred():
        return None
    from oidc_helper.store.secret_service_backend import SecretServiceBackend

    return SecretServiceBackend(prompts=prompts)


def _is_secret_service_preferred() -> bool:
    """Whether there is a Secret Service, and no way for keyring to the KWallet of a KDE session, which it prefers."""
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        return False
    if "KDE" in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":"):
        from importlib.util import find_spec

        if find_spec("dbus"):
            return False
    from oidc_helper.store import secret_service

    try:
        return secret_service.available()
    except Exception:  # noqa: BLE001  no bus behind the address, or not one that we understand
        return False


def _may_exist() -> bool:
    """False on a Linux server or in a Linux container, where keyring would import all it has and find nothing."""
    if sys.platform != "linux" or "DBUS_SESSION_BUS_ADDRESS" in os.environ or keyring_settings.exist():
        return True
    from importlib.metadata import entry_points

    return any(not point.value.startswith("keyring.") for point in entry_points(group="keyring.backends"))


def _of_the_system() -> Any:
    """The back end that macOS or Windows brings, if the user chose nothing."""
    if keyring_settings.exist() or sys.platform not in _SYSTEMS:
        return None
    from keyring import core

    try:
        return _prepared(core.load_keyring(_SYSTEMS[sys.platform]))
    except RuntimeError:  # a library that the back end needs is not installed
        return None


def _of_keyring() -> Any:
    """The back end that the user named, or else keyring's choice among those that it recommends."""
    from keyring import core
    from keyring.backends.chainer import ChainerBackend

    core.init_backend(limit=core.recommended)
    backend: Any = core.get_keyring()
    if isinstance(backend, ChainerBackend):
        backend = backend.backends[0]  # the one it writes to: we read only what we wrote
    return None if backends.class_name(type(backend)) in _NO_KEYRING else _prepared(backend)


def _prepared(backend: Any) -> Any:
    if backends.traits_of(backend).limit and "KEYRING_PROPERTY_PERSIST" not in os.environ:
        backend.persist = "local machine"  # Windows would copy secrets to other machines with a roaming profile
    return backend
