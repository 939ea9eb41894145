"""A stand-in of the two Windows modules that keyring's own back end for the Credential Locker calls.

All of `keyring.backends.Windows` runs as it is; only CredRead, CredWrite and CredDelete are ours.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from keyring.backends import Windows

LARGEST_BLOB = 2_560  # bytes, CRED_MAX_CREDENTIAL_BLOB_SIZE
BACKEND = "keyring.backends.Windows.WinVaultKeyring"

_NOT_FOUND = 1168
_STUB_RECEIVED_BAD_DATA = 1783


class error(Exception):  # noqa: N801, N818  pywintypes.error is its name
    """As pywintypes raises it."""

    def __init__(self, winerror: int, funcname: str, strerror: str) -> None:
        super().__init__(winerror, funcname, strerror)
        self.winerror, self.funcname, self.strerror = winerror, funcname, strerror


class Locker:
    """The credentials of a Windows user, in `file` where another process is to see them.

    `die_after` kills the process, as `kill -9` does, after so many writes and deletions; `fail_with` makes all fail.
    """

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_SESSION, CRED_PERSIST_LOCAL_MACHINE, CRED_PERSIST_ENTERPRISE = 1, 2, 3

    def __init__(self, file: Path | None = None, *, die_after: int | None = None) -> None:
        self._file = file
        self._stored: dict[str, dict[str, Any]] = {}
        self.die_after = die_after
        self.fail_with: int | None = None
        self.after_read: Callable[[str], None] = lambda _target: None
        if file and file.exists():
            self._stored = json.loads(file.read_text())

    @property
    def targets(self) -> list[str]:
        return sorted(self._stored)

    def text(self, target: str) -> str:
        return bytes.fromhex(self._stored[target]["CredentialBlob"]).decode("utf-16-le")

    def damage(self, target: str, text: str) -> None:
        self._stored[target]["CredentialBlob"] = text.encode("utf-16-le", "surrogatepass").hex()

    def persistence(self, target: str) -> int:
        persist: int = self._stored[target]["Persist"]
        return persist

    def CredRead(self, Type: int, TargetName: str) -> dict[str, Any]:  # noqa: N802, N803
        self._maybe_fail("CredRead")
        if Type != self.CRED_TYPE_GENERIC or TargetName not in self._stored:
            raise error(_NOT_FOUND, "CredRead", "Element not found.")
        stored = self._stored[TargetName]
        answer = {**stored, "CredentialBlob": bytes.fromhex(stored["CredentialBlob"])}
        self.after_read(TargetName)
        return answer

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:  # noqa: N802
        self._maybe_fail("CredWrite")
        blob = credential["CredentialBlob"].encode("utf-16-le", "surrogatepass")
        if len(blob) > LARGEST_BLOB:
            raise error(_STUB_RECEIVED_BAD_DATA, "CredWrite", "The stub received bad data.")
        self._stored[credential["TargetName"]] = {**credential, "CredentialBlob": blob.hex()}
        self._wrote()

    def CredDelete(self, Type: int, TargetName: str) -> None:  # noqa: N802, N803
        self._maybe_fail("CredDelete")
        if self._stored.pop(TargetName, None) is None:
            raise error(_NOT_FOUND, "CredDelete", "Element not found.")
        self._wrote()

    def _maybe_fail(self, function: str) -> None:
        if self.fail_with is not None:
            raise error(self.fail_with, function, "made to fail")

    def _wrote(self) -> None:
        if self._file:
            beginning = self._file.with_name(f"{self._file.name}.new")
            beginning.write_text(json.dumps(self._stored))
            beginning.replace(self._file)  # Windows tears no entry either
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def installed(locker: Locker) -> Iterator[Windows.WinVaultKeyring]:
    """Let keyring's Windows back end find `locker`, and be one that can be used."""
    names = ("win32cred", "pywintypes", "missing_deps")
    former = {name: getattr(Windows, name) for name in names if hasattr(Windows, name)}
    try:
        Windows.win32cred = locker
        Windows.pywintypes = SimpleNamespace(error=error)
        Windows.missing_deps = False
        yield Windows.WinVaultKeyring()
    finally:
        for name in names:
            delattr(Windows, name)
        for name, value in former.items():
            setattr(Windows, name, value)
