"""A keyring back end for trying things out: a file in a directory that its owner throws away afterwards."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from oidc_helper.machine import lock

VARIABLE = "OIDC_HELPER_TEMPORARY_KEYRING"
BACKEND = f"{__name__}.TemporaryKeyring"


class TemporaryKeyring(KeyringBackend):
    """Chosen only by name (PYTHON_KEYRING_BACKEND); the variable above names the file."""

    priority = 0.1  # below what anybody would be given without asking

    def get_password(self, service: str, username: str) -> str | None:
        """The text kept under both names."""
        return self._read().get(self._key(service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a text."""
        with self._alone():
            self._write({**self._read(), self._key(service, username): password})

    def delete_password(self, service: str, username: str) -> None:
        """Forget it. Raises PasswordDeleteError where there is none."""
        with self._alone():
            kept = self._read()
            if kept.pop(self._key(service, username), None) is None:
                raise PasswordDeleteError(service)
            self._write(kept)

    @staticmethod
    def _alone() -> lock.Lock:
        """All entries are in one file, and two identities are not locked against each other."""
        return lock.hold("temporary keyring", timeout_s=10, purpose="the temporary keyring")

    @staticmethod
    def _key(service: str, username: str) -> str:
        return json.dumps([service, username])

    @staticmethod
    def _read() -> dict[str, str]:
        try:
            kept: dict[str, str] = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
        except FileNotFoundError:
            kept = {}
        return kept

    @staticmethod
    def _write(kept: dict[str, str]) -> None:
        path = Path(os.environ[VARIABLE])
        beginning = path.with_name(f"{path.name}.{os.getpid()}")
        beginning.touch(mode=0o600)
        beginning.write_text(json.dumps(kept), encoding="utf-8")
        beginning.replace(path)
