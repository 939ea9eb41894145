"""The Secret Service as a keyring back end; keyring's own, which takes 150 ms, does what `secret_service` cannot."""

from collections.abc import Callable
from typing import Any, TypeVar

from oidc_helper.errors import StoreUnusable
from oidc_helper.store import backends, secret_service

T = TypeVar("T")

_KEYRINGS_OWN = "keyring.backends.SecretService.Keyring"


class SecretServiceBackend:
    """Reads and writes by itself; keyring's back end, which can ask a person, takes over if that fails.

    Without `prompts` it asks nobody: its calls raise StoreUnusable if a person would be needed.
    """

    def __init__(self, *, prompts: bool) -> None:
        self._prompts = prompts

    def get_password(self, service: str, username: str) -> str | None:
        """Do as keyring's does."""

        def read() -> str | None:
            secret = secret_service.read(service, username)
            return None if secret is None else secret.decode()

        def ask_keyring() -> str | None:
            secret: str | None = _keyrings_own().get_password(service, username)
            return secret

        return self._try(read, ask_keyring)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Do as keyring's does."""
        self._try(
            lambda: secret_service.write(service, username, password.encode()),
            lambda: _keyrings_own().set_password(service, username, password),
        )

    def delete_password(self, service: str, username: str) -> None:
        """Do as keyring's does, but in every collection."""
        from keyring.errors import PasswordDeleteError

        def delete() -> bool:
            return secret_service.delete(service, username)

        def ask_keyring() -> bool:
            _keyrings_own().delete_password(service, username)
            return True

        if not self._try(delete, ask_keyring):
            raise PasswordDeleteError

    def _try(self, first: Callable[[], T], otherwise: Callable[[], T]) -> T:
        try:
            return first()
        except Exception as error:  # noqa: BLE001  keyring may know a way, or says better what is wrong
            if isinstance(error, secret_service.Locked) and not self._prompts:
                raise _locked() from None
        if not self._prompts and not is_open(self):
            raise backends.SECRET_SERVICE.unusable(backends.NONE_YET)
        return otherwise()


def is_open(backend: Any) -> bool:
    """Whether there is a collection to look into. Raises StoreUnusable if it is locked."""
    collection = getattr(backend, "preferred_collection", secret_service.DEFAULT_COLLECTION)
    locked = secret_service.is_locked(collection)
    if locked:
        raise _locked()
    return locked is not None


def _locked() -> StoreUnusable:
    return backends.SECRET_SERVICE.unusable("is locked")


def _keyrings_own() -> Any:
    from keyring import core

    return core.load_keyring(_KEYRINGS_OWN)
