"""Facts about keyring's back ends: the place where each keeps secrets, and how it behaves."""

from collections.abc import Callable
from typing import Any, NamedTuple

from oidc_helper.errors import StoreUnusable
from oidc_helper.store import places

OTHERWISE = "or name another keyring back end with PYTHON_KEYRING_BACKEND"
NONE_YET = "has no keyring yet, and nobody can be asked for the password of a new one"


class Traits(NamedTuple):
    """How a back end behaves; `limit` is the UTF-16 words that an entry holds, None if any length will do.

    `is_open` is set if reading or writing may ask a person, even when nobody is there: it checks first, without asking,
    and returns False if there is nothing to open yet. It raises StoreUnusable if the back end is locked.
    """

    place: str
    hint: str = f"see that it runs and is unlocked, {OTHERWISE}"
    limit: int | None = None
    is_open: Callable[[Any], bool] | None = None
    says_locked: bool = False  # by itself, when it reads or writes
    keeps_copies: bool = False  # of the former secret, and finds the copy when the latest is missing
    trusted: bool = False  # it raises if it did not keep a text unchanged, and prints nothing

    def unusable(self, problem: str) -> StoreUnusable:
        """An error that names the place."""
        return StoreUnusable(f"{places.name_of(self.place)} {problem}", self.hint)


def _secret_service_is_open(backend: Any) -> bool:
    from oidc_helper.store import secret_service_backend

    return secret_service_backend.is_open(backend)


def _kwallet_is_open(backend: Any) -> bool:
    from oidc_helper.store import kwallet

    if kwallet.is_locked(backend.bus_name, backend.object_path):
        raise KWALLET.unusable("is locked")
    return True


_WITHOUT_DISPLAY = (
    "without a display: gnome-keyring-daemon --replace --unlock --components=secrets takes the password from its "
    "standard input, and with PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring the kernel keyring serves until the "
    "next boot"
)
SECRET_SERVICE = Traits(
    places.SECRET_SERVICE,
    f"unlock the login keyring of the desktop session (KeePassXC must not ask at each access); {_WITHOUT_DISPLAY}",
    trusted=True,
)
KWALLET = Traits(places.KWALLET, f"unlock the wallet, {OTHERWISE}", is_open=_kwallet_is_open)
KEYCHAIN = Traits(places.KEYCHAIN, f"run security unlock-keychain, {OTHERWISE}", trusted=True)
_ASKING = SECRET_SERVICE._replace(is_open=_secret_service_is_open)

_TRAITS = {
    "oidc_helper.store.secret_service_backend.SecretServiceBackend": _ASKING._replace(says_locked=True),
    "keyring.backends.SecretService.Keyring": _ASKING,
    "keyring.backends.libsecret.Keyring": SECRET_SERVICE,
    "keyring.backends.kwallet.DBusKeyring": KWALLET,
    "keyring.backends.kwallet.DBusKeyringKWallet4": KWALLET,
    "keyring.backends.macOS.Keyring": KEYCHAIN,
    "keyring.backends.Windows.WinVaultKeyring": Traits(
        places.CREDENTIAL_LOCKER, limit=1_280, keeps_copies=True, trusted=True
    ),
}


def traits_of(backend: Any) -> Traits:
    """The traits of a back end, by its class or the nearest known one that it inherits from."""
    names = [class_name(kind) for kind in type(backend).__mro__]
    return next((_TRAITS[name] for name in names if name in _TRAITS), Traits(names[0]))


def class_name(kind: type) -> str:
    """The name of a class as keyring's own settings spell it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def hint_of(place: str, otherwise: str) -> str:
    """How to reach the records of a place from a session that does not use it, or what to do `otherwise`."""
    known = next((traits for traits in _TRAITS.values() if traits.place == place), Traits(place))
    return f"run it in the session that has {places.name_of(place)}{otherwise}; {known.hint}"
