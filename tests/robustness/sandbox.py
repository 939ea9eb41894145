"""A throwaway home with an emulator of its own, used with and without pytest, and the secrets that are in it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from fakes import session_keys
from homes import Home, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

ALICE = "alice@example.com"
_SECRET_LENGTH = 24  # the first characters of a secret, by which it is recognised


@dataclass(frozen=True)
class Sandbox:
    """One home, which uses the kernel keyring of this session, and the emulator that its commands call."""

    home: Home
    emulator: Emulator

    @property
    def state_directory(self) -> Path:
        return self.home.path / ".local/state/oidc-helper"

    def is_genuine(self, answer: dict[str, Any], role: str = "") -> bool:
        """Whether the emulator issued exactly these credentials for that role, and they have not expired."""
        issued = self.emulator._state.credentials.get(answer["AccessKeyId"])
        return (
            issued is not None
            and (issued.secret_access_key, issued.session_token) == (answer["SecretAccessKey"], answer["SessionToken"])
            and issued.principal_arn == (role or self.emulator.directory.analytics_role_arn)
            and datetime.fromisoformat(answer["Expiration"]) > datetime.now(UTC)
        )

    def remains(self) -> list[str]:
        """Every key and file that has a secret or is a leftover of a write, in the keyrings and in the home."""
        names = [name for name in session_keys.descriptions() if str(self.home.config) in name]
        beginnings = {secret[:_SECRET_LENGTH].encode() for secret in self.secrets}
        for path in self.home.path.rglob("*"):
            if path.is_file() and path.name != "token" and not path.name.startswith("keyring.json."):  # not ours
                content = path.read_bytes()
                is_full_vault = path.name == "keyring.json" and content != b"{}"
                is_leftover = path.name.startswith(".index.json.")
                is_index = path.name == "index.json" and _names_something(content)
                if is_full_vault or is_leftover or is_index or any(secret in content for secret in beginnings):
                    names.append(str(path.relative_to(self.home.path)))
        return names

    @property
    def secrets(self) -> set[str]:
        """The secrets that the emulator has issued so far."""
        state = self.emulator._state
        issued = list(state.credentials.values())
        return {
            *state.tokens,
            *state.contexts,
            *state.refresh_tokens,
            *state.codes,
            *(credentials.secret_access_key for credentials in issued),
            *(str(credentials.session_token) for credentials in issued),
        }


def _names_something(index: bytes) -> bool:
    try:
        return bool(json.loads(index)["entries"])
    except ValueError:
        return True  # torn: it may have named a secret


class Sandboxes:
    """Makes sandboxes below one directory, all with the same signing keys: new ones would take 50 ms each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count()

    @cached_property
    def _keys(self) -> SigningKeys:
        return SigningKeys("RS256", "ES256")

    @contextmanager
    def new(self, **variables: str) -> Iterator[Sandbox]:
        """A new sandbox, whose profiles are configured and whose identity token is in a file."""
        path = self._directory / str(next(self._numbers))
        path.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(path),
            kernel.VARIABLE: "session",
            "PYTHON_KEYRING_BACKEND": BACKEND,
            VARIABLE: str(path / "keyring.json"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }
        with Emulator(keys=self._keys) as emulator:
            home = Home(path, {**environment, **emulator.environment})
            home.configure(file_config(emulator))
            home.write_token(emulator.mint(ALICE))
            yield Sandbox(home, emulator)
