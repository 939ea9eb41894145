"""What is known of keyring's back ends: the place where each keeps secrets, and how it behaves."""

from typing import Any, NamedTuple

from oidc_helper.store import places

OTHERWISE = "or name another keyring back end with PYTHON_KEYRING_BACKEND"


class Traits(NamedTuple):
    """How a back end behaves; `limit` is in UTF-16 words an entry, None where any length will do."""

    place: str
    hint: str = f"see that it runs and is unlocked, {OTHERWISE}"
    limit: int | None = None
    asks_a_person: bool = False  # whether one is there or not
    says_locked: bool = False  # by itself, when it reads or writes
    keeps_copies: bool = False  # of the former secret, and finds one where the latest is missing


SECRET_SERVICE = Traits(places.SECRET_SERVICE, f"unlock the login keyring of the desktop session, {OTHERWISE}")
KWALLET = Traits(places.KWALLET, f"unlock the wallet, {OTHERWISE}")
KEYCHAIN = Traits(places.KEYCHAIN, f"run security unlock-keychain, {OTHERWISE}")
_ASKING = SECRET_SERVICE._replace(asks_a_person=True)

_TRAITS = {
    "oidc_helper.store.secret_service_backend.SecretServiceBackend": _ASKING._replace(says_locked=True),
    "keyring.backends.SecretService.Keyring": _ASKING,
    "keyring.backends.libsecret.Keyring": SECRET_SERVICE,
    "keyring.backends.kwallet.DBusKeyring": KWALLET,
    "keyring.backends.kwallet.DBusKeyringKWallet4": KWALLET,
    "keyring.backends.macOS.Keyring": KEYCHAIN,
    "keyring.backends.Windows.WinVaultKeyring": Traits(places.CREDENTIAL_LOCKER, limit=1_280, keeps_copies=True),
}


def traits_of(backend: Any) -> Traits:
    """Look a back end up by its class, or one that it inherits from."""
    names = [class_name(kind) for kind in type(backend).__mro__]
    return next((_TRAITS[name] for name in names if name in _TRAITS), Traits(names[0]))


def class_name(kind: type) -> str:
    """A class as keyring's own settings name it."""
    return f"{kind.__module__}.{kind.__qualname__}"
