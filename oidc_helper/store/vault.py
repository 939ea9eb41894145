"""The user's keyring, through the library `keyring` that nothing else imports: found, named, and never waited for long.

The user's own choice (keyringrc.cfg, PYTHON_KEYRING_BACKEND) is obeyed; without one a file is never taken.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from oidc_helper.errors import StoreUnusable
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.store.parts import USER
from oidc_helper.words import printable

T = TypeVar("T")

_PERSON_S = 120  # to notice a prompt and type a password
SILENCE_S = 30  # what did not answer is not asked again for so long
_OTHERWISE = "or name another keyring back end with PYTHON_KEYRING_BACKEND"


class _Trait(NamedTuple):
    name: str
    hint: str = f"see that it runs and is unlocked, {_OTHERWISE}"
    limit: int | None = None  # UTF-16 words an entry
    asks_a_person: bool = False  # be one there or not
    tells_locked: bool = False  # by itself, when it reads or writes
    keeps_copies: bool = False  # of the former secret, to be found where the latest is missing


_SECRET_SERVICE = _Trait("Secret Service", f"unlock the login keyring of the desktop session, {_OTHERWISE}")
_KEYCHAIN = _Trait("macOS Keychain", f"run security unlock-keychain, {_OTHERWISE}")
KWALLET = _Trait("KWallet", f"unlock the wallet, {_OTHERWISE}")
_ASKING = _SECRET_SERVICE._replace(asks_a_person=True)
_TRAITS = {
    f"{__name__}.SecretService": _ASKING._replace(tells_locked=True),
    "keyring.backends.SecretService.Keyring": _ASKING,
    "keyring.backends.libsecret.Keyring": _SECRET_SERVICE,
    "keyring.backends.kwallet.DBusKeyring": KWALLET,
    "keyring.backends.kwallet.DBusKeyringKWallet4": KWALLET,
    "keyring.backends.macOS.Keyring": _KEYCHAIN,
    "keyring.backends.Windows.WinVaultKeyring": _Trait("Windows Credential Locker", limit=1_280, keeps_copies=True),
}
# The systems' own numbers, and what they mean in practice (Security framework, winerror.h).
_NUMBERS = {
    -25308: ("is locked, and in this session nobody can be asked (-25308)", _KEYCHAIN.hint),
    -25293: ("did not accept the password (-25293)", _KEYCHAIN.hint),
    -128: ("was not opened, its question was dismissed (-128)", "run it again and allow the access"),
    1312: ("is not there in a network logon (1312)", f"sign in at the machine itself, {_OTHERWISE}"),
    1783: ("takes no entry of this length (1783)", _OTHERWISE.removeprefix("or ")),
}
_NONE_YET = "has no keyring yet, and nobody can be asked for the password of a new one"
_KINDS = {
    "InitError": "cannot be opened",
    "KeyringLocked": "is locked",
    "SecretServiceNotAvailableException": "has gone",
    "DBusErrorResponse": "has gone",
}


class Vault:
    """A keyring back end; every call raises StoreUnusable where that fails, is locked or does not answer in time.

    `name` is for people, `limit` the UTF-16 words that an entry holds. `prompts` lets it ask a person to unlock it.
    """

    def __init__(self, backend: Any, *, timeout_s: float, prompts: bool = False) -> None:
        trait = trait_of(backend)
        self.name = trait.name
        self.limit = trait.limit
        self._hint = trait.hint
        self._backend = backend
        self._refuse_to_ask = trait.asks_a_person and not prompts
        self._look_first = self._refuse_to_ask and not trait.tells_locked
        self._timeout_s = _PERSON_S if prompts else timeout_s
        self._keeps_copies = trait.keeps_copies
        self._silent_until = 0.0

    def require_open(self) -> None:
        """Raise StoreUnusable where it is known, without asking a person, that nothing can be put there."""
        self._call(self._require_open)

    def get(self, entry: str) -> str | None:
        """The secret of that entry."""
        return self._call(lambda: self._get(entry))

    def set(self, entry: str, text: str) -> None:
        """Put or replace the secret of that entry."""
        self._call(lambda: self._set(entry, text))

    def delete(self, entry: str) -> bool:
        """Whether there was such an entry."""
        return self._call(lambda: self._delete(entry))

    def _get(self, entry: str) -> str | None:
        if self._look_first and not _secret_service_open(self._backend):
            return None
        return self._read(entry)

    def _read(self, entry: str) -> str | None:
        try:
            text: str | None = self._backend.get_password(entry, USER)
        except UnicodeDecodeError:  # nothing that we wrote
            return None
        return text

    def _require_open(self) -> None:
        if self._refuse_to_ask and not _secret_service_open(self._backend):
            raise _Locked(_NONE_YET)

    def _set(self, entry: str, text: str) -> None:
        if self._look_first:
            self._require_open()
        try:
            self._backend.set_password(entry, USER, text)
        except UnicodeDecodeError:  # Windows copies the former secret, and cannot if that is no text
            self._backend.delete_password(entry, USER)
            self._backend.set_password(entry, USER, text)

    def _delete(self, entry: str) -> bool:
        from keyring.errors import PasswordDeleteError

        if self._refuse_to_ask and not _secret_service_open(self._backend):
            return False
        if self._keeps_copies and self._read(entry) is not None:
            for _ in ("the copy becomes the latest", "the copy becomes empty"):
                self._backend.set_password(entry, USER, "")
        try:
            self._backend.delete_password(entry, USER)
        except PasswordDeleteError:
            if self._read(entry) is not None:
                raise
            return False
        return True

    def _call(self, operation: Callable[[], T]) -> T:
        if time.monotonic() < self._silent_until:
            raise self._no_answer()
        try:
            return Deadline(self._timeout_s).run(operation)
        except DeadlinePassed:
            self._silent_until = time.monotonic() + SILENCE_S
            raise self._no_answer() from None
        except Exception as error:  # noqa: BLE001  a back end may raise anything, and its text may hold the secret
            raise self._translated(error) from None

    def _no_answer(self) -> StoreUnusable:
        return StoreUnusable(f"{self.name} is locked or hangs: no answer within {self._timeout_s:g} s", self._hint)

    def _translated(self, error: BaseException) -> StoreUnusable:
        if isinstance(error, _Locked):
            return StoreUnusable(f"{self.name} {error}", self._hint)
        for number in _numbers(error):
            if number in _NUMBERS:
                message, hint = _NUMBERS[number]
                return StoreUnusable(f"{self.name} {message}", hint)
        kind = type(error).__name__
        return StoreUnusable(f"{self.name} {_KINDS.get(kind, f'failed ({kind})')}", self._hint)


class _Locked(Exception):  # noqa: N818  it never leaves this module
    """The message goes behind the vault's name."""


class SecretService:
    """The back end of that name, of which keyring's own 150 ms are paid only for what `secret_service` cannot do."""

    name = "Secret Service"

    def __init__(self, *, prompts: bool) -> None:
        self._prompts = prompts

    def get_password(self, service: str, username: str) -> str | None:
        """As keyring's."""
        from oidc_helper.store import secret_service

        def read() -> str | None:
            secret = secret_service.read(service, username)
            return None if secret is None else secret.decode()

        found: str | None = self._first(read, lambda keyrings: keyrings.get_password(service, username))
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        """As keyring's."""
        from oidc_helper.store import secret_service

        self._first(
            lambda: secret_service.write(service, username, password.encode()),
            lambda keyrings: keyrings.set_password(service, username, password),
        )

    def delete_password(self, service: str, username: str) -> None:
        """As keyring's."""
        self._of_keyring().delete_password(service, username)

    def _first(self, ours: Callable[[], T], otherwise: Callable[[Any], T]) -> T:
        """Try it ourselves; where anything is unusual keyring may know a way, and it can ask a person."""
        from oidc_helper.store import secret_service

        try:
            return ours()
        except Exception as unusual:  # noqa: BLE001  whatever it is, keyring tells it better
            if isinstance(unusual, secret_service.Locked) and not self._prompts:
                raise _Locked("is locked") from None
        if not self._prompts and not _secret_service_open(self):
            raise _Locked(_NONE_YET)
        return otherwise(self._of_keyring())

    @staticmethod
    def _of_keyring() -> Any:
        from keyring import core

        return core.load_keyring("keyring.backends.SecretService.Keyring")


def trait_of(backend: Any) -> _Trait:
    """What is known of a back end, by its class or one that it inherits from."""
    names = (class_name(kind) for kind in type(backend).__mro__)
    return next((_TRAITS[name] for name in names if name in _TRAITS), _Trait(printable(backend.name)))


def class_name(kind: type) -> str:
    """A class as keyring's own settings name it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _secret_service_open(backend: Any) -> bool:
    """False where there is no collection to look into. Raises _Locked where keyring would ask a person and wait."""
    from oidc_helper.store import secret_service

    locked = secret_service.is_locked(getattr(backend, "preferred_collection", secret_service.DEFAULT_COLLECTION))
    if locked:
        raise _Locked("is locked")
    return locked is not None


def _numbers(error: BaseException | None) -> Iterator[int]:
    """The numbers in an exception and in those that it came from: keyring wraps what the system said."""
    while error is not None:
        yield from (argument for argument in error.args if isinstance(argument, int))
        error = error.__cause__ or error.__context__
