"""A home whose administrator looks at AWS's side, and does what is printed with the AWS CLI."""

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore
import pytest
from awscli.clidriver import create_clidriver
from doctor.ward import ALICE, read_report
from homes import Home, file_config

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.aws import documents

PROFILES = """
[profile.builder]
role_arn = "{given}"
account_access = "{tenant}"

[profile.reports]
role_arn = "{role}"
s3_grant = {{ target = "s3://reports/2026/*", permission = "READ" }}

[profile.scoped]
role_arn = "{role}"
scopes = ["openid", "own:read"]

[profile.long]
role_arn = "{role}"
duration_seconds = 7200
caller = {{ profile = "base" }}
"""
# The AWS CLI, with a resolver that knows the names below localhost (RFC 6761), as that of systemd does.
_AWS = """\
import socket, sys
from awscli.clidriver import main
known = socket.getaddrinfo
def resolved(host, *more, **by):
    return known("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **by)
socket.getaddrinfo = resolved
sys.exit(main())
"""
_DATA = "AWS_DATA_PATH"  # which the AWS CLI sets itself, once
_MODELS = str(Path(botocore.__file__).parent / "data")  # newer than those of the AWS CLI, which brings its own


@dataclass
class Administered:
    """The home, and the emulator as AWS; the administrator's keys are in its environment."""

    home: Home
    emulator: Emulator

    def __post_init__(self) -> None:
        directory = self.emulator.directory
        words = {
            "given": directory.other_roles[0].arn,
            "tenant": directory.tenant.tenant_id,
            "role": directory.analytics_role_arn,
        }
        self.emulator.directory.application.scopes["own:read"] = set()
        self.home.configure(file_config(self.emulator, profiles=PROFILES.format(**words)))
        self.home.write_token(self.emulator.mint(ALICE))
        for role in directory.roles:  # as documents, which nothing else changes
            role.trust_policy = documents.trust_policy(directory, role)
        directory.application.actor_policy = documents.actor_policy(directory.application)
        (self.home.path / ".aws").mkdir()
        user = directory.iam_user
        self.aws_config(f"[profile base]\n{_keys(user.access_key_id, user.secret_access_key)}")
        self.home.environment |= self.keys | {"AWS_DEFAULT_REGION": "eu-west-1"}

    @property
    def keys(self) -> dict[str, str]:
        user = self.emulator.directory.administrator
        return {"AWS_ACCESS_KEY_ID": user.access_key_id, "AWS_SECRET_ACCESS_KEY": user.secret_access_key}

    def aws_config(self, text: str) -> None:
        (self.home.path / ".aws/config").write_text(text)

    def without_keys(self) -> None:
        for name in self.keys:
            self.home.environment.pop(name, None)

    def settings(self, old: str, new: str) -> None:
        text = self.home.config.read_text()
        assert old in text
        self.home.configure(text.replace(old, new))

    def report(self, *words: str) -> dict[str, dict[str, Any]]:
        """The checks by id."""
        return read_report(self.home.run("doctor", "--admin", "--json", *words))

    def failed(self, *words: str) -> list[str]:
        return [one for one, check in self.report(*words).items() if check["status"] == "failed"]

    def obey(self, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run each line with the AWS CLI in this process; one of several words of a shell, by a shell."""
        if "$(" in remedy:
            self.obey_in_shell(remedy)
            return
        for line in remedy.splitlines():
            first, *words = shlex.split(line, comments=True)
            assert first == "aws"
            assert _run(words, self.home.environment, monkeypatch) == 0, line

    def obey_in_shell(self, remedy: str) -> None:
        """Run it as a person does who pastes it."""
        aws = self.home.path / "bin/aws"
        if not aws.exists():
            aws.parent.mkdir()
            aws.write_text(f'#!/bin/sh\nexec {sys.executable} -c {shlex.quote(_AWS)} "$@"\n')
            aws.chmod(0o755)
        path = f"{aws.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-ec", remedy],
            env={**self.home.environment, "PATH": path, _DATA: _MODELS},
            cwd=self.home.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def write_claims(self, **claims: Any) -> str:
        path = self.home.path / "claims.json"
        path.write_text(json.dumps(claims))
        return str(path)


def _run(words: list[str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> int:
    known: Any = socket.getaddrinfo

    def resolved(host: Any, *more: Any, **by: Any) -> Any:
        return known("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **by)

    with monkeypatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("AWS_") and name != _DATA]:
            patched.delenv(name)
        for name, value in environment.items():
            patched.setenv(name, value)
        patched.setattr(socket, "getaddrinfo", resolved)
        code: int = create_clidriver().main(words)
    return code


def _keys(access_key_id: str, secret: str) -> str:
    return f"aws_access_key_id = {access_key_id}\naws_secret_access_key = {secret}\nregion = eu-west-1\n"
