"""A home and an emulator for scenarios that run without pytest as well, and what is kept of either."""

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
_SECRET_LENGTH = 24  # characters by which a secret is recognised


@dataclass(frozen=True)
class Ground:
    """One home, with a kernel keyring of this session, and the emulator that its commands meet."""

    home: Home
    emulator: Emulator

    @property
    def state_directory(self) -> Path:
        return self.home.path / ".local/state/oidc-helper"

    def is_genuine(self, answer: dict[str, Any], role: str = "") -> bool:
        """Whether the emulator gave out these very credentials, for that role, and they are not over."""
        found = self.emulator._state.credentials.get(answer["AccessKeyId"])
        return (
            found is not None
            and (found.secret_access_key, found.session_token) == (answer["SecretAccessKey"], answer["SessionToken"])
            and found.principal_arn == (role or self.emulator.directory.analytics_role_arn)
            and datetime.fromisoformat(answer["Expiration"]) > datetime.now(UTC)
        )

    def kept(self) -> list[str]:
        """Everything that holds a secret, or is left of writing one: in the keyrings and in the whole home."""
        named = [name for name in session_keys.descriptions() if str(self.home.config) in name]
        beginnings = {secret[:_SECRET_LENGTH].encode() for secret in self.secrets}
        for path in self.home.path.rglob("*"):
            if path.is_file() and path.name != "token" and not path.name.startswith("keyring.json."):  # not ours
                content = path.read_bytes()
                is_full_vault = path.name == "keyring.json" and content != b"{}"
                is_wreck = path.name.startswith(".index.json.")
                is_index = path.name == "index.json" and _names_something(content)
                if is_full_vault or is_wreck or is_index or any(secret in content for secret in beginnings):
                    named.append(str(path.relative_to(self.home.path)))
        return named

    @property
    def secrets(self) -> set[str]:
        """What the emulator has given out so far."""
        state = self.emulator._state
        vended = list(state.credentials.values())
        return {
            *state.tokens,
            *state.contexts,
            *state.refresh_tokens,
            *state.codes,
            *(one.secret_access_key for one in vended),
            *(str(one.session_token) for one in vended),
        }


def _names_something(index: bytes) -> bool:
    try:
        return bool(json.loads(index)["entries"])
    except ValueError:
        return True  # torn: what it named is known to nobody


class Grounds:
    """As many as are asked for, below one directory and with one set of keys: those take the emulator 50 ms."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count()

    @cached_property
    def _keys(self) -> SigningKeys:
        return SigningKeys("RS256", "ES256")

    @contextmanager
    def new(self, **variables: str) -> Iterator[Ground]:
        """Configure a profile whose identity token is at hand."""
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
            yield Ground(home, emulator)
