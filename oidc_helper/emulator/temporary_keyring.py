"""A keyring back end for trials, which keeps passwords in a temporary file."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from oidc_helper.machine import lock

VARIABLE = "OIDC_HELPER_TEMPORARY_KEYRING"
BACKEND = f"{__name__}.TemporaryKeyring"


class TemporaryKeyring(KeyringBackend):
    """Selected only by PYTHON_KEYRING_BACKEND; the variable OIDC_HELPER_TEMPORARY_KEYRING names the file."""

    priority = 0.1  # too low to be chosen automatically

    def get_password(self, service: str, username: str) -> str | None:
        """The stored password, or None."""
        return self._read().get(self._key(service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password."""
        with self._lock():
            self._write({**self._read(), self._key(service, username): password})

    def delete_password(self, service: str, username: str) -> None:
        """Delete a password. Raises PasswordDeleteError if there is none."""
        with self._lock():
            passwords = self._read()
            if passwords.pop(self._key(service, username), None) is None:
                raise PasswordDeleteError(service)
            self._write(passwords)

    @staticmethod
    def _lock() -> lock.Lock:
        """Lock the file, which all entries share: commands for two identities hold two different locks."""
        return lock.hold("temporary keyring", timeout_s=10, purpose="the temporary keyring")

    @staticmethod
    def _key(service: str, username: str) -> str:
        return json.dumps([service, username])

    @staticmethod
    def _read() -> dict[str, str]:
        try:
            passwords: dict[str, str] = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
        except FileNotFoundError:
            passwords = {}
        return passwords

    @staticmethod
    def _write(passwords: dict[str, str]) -> None:
        path = Path(os.environ[VARIABLE])
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(json.dumps(passwords), encoding="utf-8")
        new.replace(path)
