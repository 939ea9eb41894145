"""A home whose person may use three permission sets, and what its files say."""

import json
import os
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"


@dataclass
class Site:
    """The home, the services, and the AWS configuration."""

    home: Home
    emulator: Emulator
    aws: Path

    def run(self, *words: str, code: int = 0, **variables: str) -> CompletedProcess[str]:
        done = self.home.run("profiles", *words, **variables)
        assert done.returncode == code, done.stderr
        return done

    def listed(self, *words: str) -> list[dict[str, str]]:
        answer: list[dict[str, str]] = json.loads(self.run("--json", *words).stdout)
        return answer

    def profiles(self) -> dict[str, dict[str, Any]]:
        """The generated ones of the configuration."""
        document = tomllib.loads(self.home.config.read_text())
        return {name: values for name, values in document["profile"].items() if values.get("generated")}

    def sections(self) -> dict[str, Any]:
        """The profiles of the AWS configuration, as botocore reads them."""
        from botocore.configloader import load_config

        profiles: dict[str, Any] = load_config(str(self.aws))["profiles"]
        return profiles

    def files(self) -> tuple[bytes, bytes]:
        return self.home.config.read_bytes(), self.aws.read_bytes()

    def rename_account(self, account_id: str, name: str) -> None:
        accounts = self.emulator.directory.accounts
        accounts[:] = [replace(one, name=name) if one.account_id == account_id else one for one in accounts]

    def take_away(self, permission_set: str, account_id: str) -> None:
        directory = self.emulator.directory
        directory.assignments = {
            one for one in directory.assignments if (one.permission_set, one.account_id) != (permission_set, account_id)
        }

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def roles_config(emulator: Emulator, defaults: str = "") -> str:
    """That of a home without a profile of a permission set."""
    return file_config(emulator, defaults=defaults).partition("[profile.dev-admin]")[0]


@pytest.fixture
def site(home: Home, emulator: Emulator) -> Site:
    """Nothing is generated yet; there is an AWS configuration with comments."""
    home.configure(roles_config(emulator))
    home.write_token(emulator.mint(ALICE))
    home.environment["PATH"] = os.pathsep.join([str(COMMAND.parent), home.environment["PATH"]])
    aws = home.path / ".aws" / "config"
    aws.parent.mkdir()
    aws.write_text(
        "# mine\n[default]\nregion = us-east-1\ns3 =\n    max_queue_size = 9\n\n# of a\n[profile a]\noutput = json\n"
    )
    return Site(home, emulator, aws)
