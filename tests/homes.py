"""The empty home of a new user, the installed command in it, and a configuration for the emulator."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zygote

from oidc_helper.emulator import Emulator

COMMAND = zygote.COMMAND
_NOT_FOR_PYTHON = ("PYTHON_KEYRING_BACKEND",)
_FOR_A_BEGINNING = ("PYTHON", "LD_", "LC_", "LANG", "TZ")  # what a process reads when it begins


@dataclass
class Home:
    """An empty home with an environment of its own, in which commands run.

    With `forks`, commands that `run` fork from it, except those with variables for a process that begins. Every command
    runs the module `customize` first, which PYTHONPATH leads an interpreter to.
    """

    path: Path
    environment: dict[str, str]
    forks: zygote.Zygote | None = None
    customize: Path | None = None
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.path / "config.toml"
        self.environment["OIDC_HELPER_CONFIG"] = str(self.config)
        runtime = self.path.with_name(f"{self.path.name}-run")
        runtime.mkdir(exist_ok=True)
        self.environment.setdefault("XDG_RUNTIME_DIR", str(runtime))

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        """Start the installed command as a user would."""
        return subprocess.Popen(
            [COMMAND, *words],
            env={**self.environment, **variables},
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",  # strict: an SDK that cannot decode our message shows an error of its own
        )

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the installed command and wait for it."""
        environment = {**self.environment, **variables}
        if self.forks and not any(map(self._is_for_a_beginning, environment, environment.values())):
            first = self.customize.read_text() if self.customize else ""
            return self.forks.run(words, environment, self.path, first)
        process = self.start(*words, **variables)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def _is_for_a_beginning(self, name: str, value: str) -> bool:
        known = {str(self.customize and self.customize.parent), os.environ.get(name)}
        return name.startswith(_FOR_A_BEGINNING) and name not in _NOT_FOR_PYTHON and value not in known

    def get(self, profile: str, **variables: str) -> dict[str, Any]:
        """The credentials of a profile; the command must succeed and print nothing else."""
        done = self.run("get", profile, **variables)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def configure(self, text: str) -> None:
        """Write the configuration."""
        self.config.write_text(text)

    def write_token(self, token: str) -> None:
        """Write an identity token to the file that `file_config` names."""
        (self.path / "token").write_text(token)


def file_config(
    emulator: Emulator, *, name: str = "job", identity: str = "", defaults: str = "", profiles: str = ""
) -> str:
    """A configuration whose identity reads the home's file `token`, unless `identity` has other settings."""
    directory = emulator.directory
    return f"""
[identity.{name}]
{identity or 'source = "file"' + chr(10) + 'path = "token"'}

[defaults]
identity = "{name}"
application_arn = "{directory.application_arn}"
identity_center_region = "{directory.identity_center_region}"
caller = {{ web_identity_role_arn = "{directory.caller_role_arn}" }}
{defaults}

[profile.analytics]
role_arn = "{directory.analytics_role_arn}"

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"
{profiles}
"""
