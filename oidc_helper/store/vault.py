"""A keyring back end for which we never wait long, and whose errors we report without its secrets."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import Any, TypeVar

from oidc_helper.errors import StoreUnusable
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.store import backends, places
from oidc_helper.store.parts import USER

T = TypeVar("T")

SILENCE_S = 30  # we do not ask a back end again for so long if it did not answer

_PERSON_S = 120  # to notice a prompt and type a password
_SILENCE = threading.Lock()
# The systems' own error numbers, and what they mean in practice (Security framework, winerror.h).
_NUMBERS = {
    -25308: ("is locked, and in this session nobody can be asked (-25308)", backends.KEYCHAIN.hint),
    -25293: ("did not accept the password (-25293)", backends.KEYCHAIN.hint),
    -128: ("was not opened, its question was dismissed (-128)", "run it again and allow the access"),
    1312: ("is not there in a network logon (1312)", f"sign in at the machine itself, {backends.OTHERWISE}"),
    1783: ("takes no entry of this length (1783)", backends.OTHERWISE.removeprefix("or ")),
}
_KINDS = {
    "InitError": "cannot be opened",
    "KeyringLocked": "is locked",
    "SecretServiceNotAvailableException": "has gone",
    "DBusErrorResponse": "has gone",
    "DBusException": "has gone",
}


class Vault:
    """A keyring back end; every call raises StoreUnusable if it fails, is locked or does not answer in time.

    `place` is its id in the index, `name` its name for people, `limit` the UTF-16 words that an entry holds, None if
    any length will do. `prompts` lets it ask a person to unlock it.
    """

    def __init__(self, backend: Any, *, timeout_s: float, prompts: bool = False) -> None:
        traits = backends.traits_of(backend)
        self.place = traits.place
        self.name = places.name_of(traits.place)
        self.limit = traits.limit
        self._traits = traits
        self._backend = backend
        self._may_ask = prompts
        self._timeout_s = _PERSON_S if prompts else timeout_s
        self._silent_until = 0.0

    def require_open(self) -> None:
        """Raise StoreUnusable if nothing can be put there, as far as can be told without asking a person."""
        self._call(self._require_open)

    def get(self, entry: str) -> str | None:
        """The secret of that entry."""
        return self._call(lambda: self._get(entry))

    def set(self, entry: str, text: str) -> None:
        """Put or replace the secret of that entry."""
        self._call(lambda: self._set(entry, text))

    def delete(self, entry: str) -> bool:
        """Delete an entry, and say whether there was one."""
        return self._call(lambda: self._delete(entry))

    def _get(self, entry: str) -> str | None:
        if not self._traits.says_locked and not self._is_open():
            return None
        return self._read(entry)

    def _read(self, entry: str) -> str | None:
        try:
            text: str | None = self._backend.get_password(entry, USER)
        except UnicodeDecodeError:  # nothing that we wrote
            return None
        return text

    def _set(self, entry: str, text: str) -> None:
        if not self._traits.says_locked:
            self._require_open()
        try:
            self._backend.set_password(entry, USER, text)
        except UnicodeDecodeError:  # on Windows the back end copies the former secret, and cannot if that is no text
            self._backend.delete_password(entry, USER)
            self._backend.set_password(entry, USER, text)
        if not self._traits.trusted and self._read(entry) != text:
            raise self._traits.unusable("did not keep what was put there")

    def _delete(self, entry: str) -> bool:
        if not self._is_open():
            return False
        if self._traits.keeps_copies and self._read(entry) is not None:
            for _ in ("the copy becomes the latest", "the copy becomes empty"):
                self._backend.set_password(entry, USER, "")
        try:
            self._backend.delete_password(entry, USER)
        except Exception:  # if there is no such entry, back ends raise what they like
            if self._read(entry) is not None:
                raise
            return False
        return True

    def _require_open(self) -> None:
        if not self._is_open():
            raise self._traits.unusable(backends.NONE_YET)

    def _is_open(self) -> bool:
        """False if there is nothing to open yet. Raises StoreUnusable if a person would have to be asked."""
        return self._may_ask or self._traits.is_open is None or self._traits.is_open(self._backend)

    def _call(self, operation: Callable[[], T]) -> T:
        if time.monotonic() < self._silent_until:
            raise self._no_answer()
        try:
            with nullcontext() if self._traits.trusted or self._may_ask else silenced():
                return Deadline(self._timeout_s).run(operation)
        except DeadlinePassed:
            self._silent_until = time.monotonic() + SILENCE_S
            raise self._no_answer() from None
        except StoreUnusable:
            raise
        except Exception as error:  # noqa: BLE001  a back end may raise anything, and its text may hold the secret
            raise self._translated(error) from None

    def _no_answer(self) -> StoreUnusable:
        return self._traits.unusable(f"is locked or hangs: no answer within {self._timeout_s:g} s")

    def _translated(self, error: BaseException) -> StoreUnusable:
        for number in _numbers(error):
            if number in _NUMBERS:
                message, hint = _NUMBERS[number]
                return StoreUnusable(f"{self.name} {message}", hint)
        kind = type(error).__name__
        return self._traits.unusable(_KINDS.get(kind, f"failed ({kind})"))


@contextmanager
def silenced() -> Iterator[None]:
    """Drop all output to standard error: programs that a back end runs report a missing entry there."""
    with _SILENCE, Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        yield


def _numbers(error: BaseException | None) -> Iterator[int]:
    """The numbers in an exception and in its causes: keyring wraps the system's own error."""
    while error is not None:
        yield from (argument for argument in error.args if isinstance(argument, int))
        error = error.__cause__ or error.__context__
