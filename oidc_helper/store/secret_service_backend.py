"""The Secret Service as a keyring back end; keyring's own, with its 150 ms, is for what `secret_service` cannot do."""

from collections.abc import Callable
from typing import Any, TypeVar

from oidc_helper.errors import StoreUnusable
from oidc_helper.store import backends, places, secret_service

T = TypeVar("T")

_KEYRINGS_OWN = "keyring.backends.SecretService.Keyring"


class SecretServiceBackend:
    """Reads and writes by itself; keyring's back end, which can ask a person, takes over where that fails.

    Without `prompts` nobody is asked: its calls raise StoreUnusable where that would be needed.
    """

    def __init__(self, *, prompts: bool) -> None:
        self._prompts = prompts

    def get_password(self, service: str, username: str) -> str | None:
        """As keyring's."""

        def read() -> str | None:
            secret = secret_service.read(service, username)
            return None if secret is None else secret.decode()

        def ask_keyring() -> str | None:
            secret: str | None = _keyrings_own().get_password(service, username)
            return secret

        return self._try(read, ask_keyring)

    def set_password(self, service: str, username: str, password: str) -> None:
        """As keyring's."""
        self._try(
            lambda: secret_service.write(service, username, password.encode()),
            lambda: _keyrings_own().set_password(service, username, password),
        )

    def delete_password(self, service: str, username: str) -> None:
        """As keyring's."""
        _keyrings_own().delete_password(service, username)

    def _try(self, first: Callable[[], T], otherwise: Callable[[], T]) -> T:
        try:
            return first()
        except Exception as unusual:  # noqa: BLE001  keyring may know a way, or says better what is wrong
            if isinstance(unusual, secret_service.Locked) and not self._prompts:
                raise _locked() from None
        if not self._prompts:
            require_open(self)
        return otherwise()


def require_open(backend: Any) -> None:
    """Raise StoreUnusable where that back end would have to ask a person before it can write."""
    if not is_open(backend):
        raise _unusable("has no keyring yet, and nobody can be asked for the password of a new one")


def is_open(backend: Any) -> bool:
    """Whether there is a collection to look into. Raises StoreUnusable where it is locked."""
    collection = getattr(backend, "preferred_collection", secret_service.DEFAULT_COLLECTION)
    locked = secret_service.is_locked(collection)
    if locked:
        raise _locked()
    return locked is not None


def _locked() -> StoreUnusable:
    return _unusable("is locked")


def _unusable(message: str) -> StoreUnusable:
    traits = backends.SECRET_SERVICE
    return StoreUnusable(f"{places.name_of(traits.place)} {message}", traits.hint)


def _keyrings_own() -> Any:
    from keyring import core

    return core.load_keyring(_KEYRINGS_OWN)
