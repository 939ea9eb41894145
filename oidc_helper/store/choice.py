"""Which keyring this session has: what the user chose, else the one that the system brings, else none."""

import os
import sys
from typing import Any

from oidc_helper.errors import StoreUnusable
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.store import keyring_settings
from oidc_helper.store.vault import KWALLET, SecretService, Vault, class_name, trait_of
from oidc_helper.words import printable

_NO_KEYRING = ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring")
_CHOICE = "check PYTHON_KEYRING_BACKEND and keyringrc.cfg (keyring diagnose tells where it lies)"
# What keyring would find by importing every back end it has, the macOS one on Linux too.
_USUAL = {"darwin": "keyring.backends.macOS.Keyring", "win32": "keyring.backends.Windows.WinVaultKeyring"}


def find(*, timeout_s: float, prompts: bool = False) -> Vault | None:
    """The keyring of this session, None where there is none.

    Raises StoreUnusable where the one that the user chose cannot be had.
    """
    try:
        backend = Deadline(timeout_s).run(lambda: _without_keyring(prompts=prompts))
        if backend is None and _may_be_more():
            from keyring import core  # noqa: F401  on a machine with a hundred starts it takes as long as it takes

            backend = Deadline(timeout_s).run(lambda: _usual() or _discovered())
    except DeadlinePassed:
        raise StoreUnusable(f"no keyring answers within {timeout_s:g} s", KWALLET.hint) from None
    except Exception as error:  # noqa: BLE001  what a chosen back end raises when it is loaded is its own affair
        reason = printable(str(error) or type(error).__name__)
        raise StoreUnusable(f"the chosen keyring back end cannot be used: {reason}", _CHOICE) from None
    return backend and Vault(backend, timeout_s=timeout_s, prompts=prompts)


def _without_keyring(*, prompts: bool) -> Any:
    """The Secret Service, where keyring would choose it and the user has told it nothing."""
    is_ours = sys.platform == "linux" and not keyring_settings.keyring_is_told() and _is_secret_service_first()
    return SecretService(prompts=prompts) if is_ours else None


def _usual() -> Any:
    """The keyring that another system brings, where the user has told keyring nothing."""
    if keyring_settings.keyring_is_told() or sys.platform not in _USUAL:
        return None
    from keyring import core

    try:
        return _prepared(core.load_keyring(_USUAL[sys.platform]))
    except RuntimeError:  # what the back end needs is not installed
        return None


def _is_secret_service_first() -> bool:
    """Whether keyring would prefer it: there is one, and no KWallet with a way to it in a session of KDE."""
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


def _may_be_more() -> bool:
    """False on a server or in a container of Linux, where keyring would import all it has to find nothing."""
    if sys.platform != "linux" or "DBUS_SESSION_BUS_ADDRESS" in os.environ or keyring_settings.keyring_is_told():
        return True
    from importlib.metadata import entry_points

    return any(not one.value.startswith("keyring.") for one in entry_points(group="keyring.backends"))


def _discovered() -> Any:
    """What the user named, or else keyring's choice of all that it recommends."""
    from keyring import core
    from keyring.backends.chainer import ChainerBackend

    core.init_backend(limit=core.recommended)
    backend: Any = core.get_keyring()
    if isinstance(backend, ChainerBackend):
        backend = backend.backends[0]  # the one it writes to; all that we read is what we wrote
    return None if class_name(type(backend)) in _NO_KEYRING else _prepared(backend)


def _prepared(backend: Any) -> Any:
    if trait_of(backend).limit and "KEYRING_PROPERTY_PERSIST" not in os.environ:
        backend.persist = "local machine"  # Windows would send it round with a roaming profile
    return backend
