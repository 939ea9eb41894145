"""A home in which all is well, for tests that break one thing, and a person who obeys the doctor."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"


@dataclass
class Ward:
    """The home, and the servers that it leads to; `closed` is the URL of a port that refuses connections."""

    home: Home
    emulator: Emulator
    closed: str
    aws: Path = field(init=False)

    def __post_init__(self) -> None:
        self.aws = self.home.path / ".aws"
        self.aws.mkdir()
        self.home.environment["PATH"] = f"{COMMAND.parent}{os.pathsep}{self.home.environment['PATH']}"
        self.home.configure(file_config(self.emulator))
        self.token()
        self.aws_config(f"[profile analytics]\ncredential_process = {COMMAND} get analytics\nregion = eu-west-1\n")

    def token(self, **claims: Any) -> None:
        """Put an identity token with other claims into the file."""
        self.home.write_token(self.emulator.mint(ALICE, **claims))

    def aws_config(self, text: str) -> None:
        (self.aws / "config").write_text(text)

    def aws_key(self, line: str) -> None:
        """Add a line to the AWS profile."""
        with (self.aws / "config").open("a") as file:
            file.write(f"{line}\n")

    def aws_credentials(self, text: str) -> None:
        (self.aws / "credentials").write_text(text)

    def settings(self, old: str, new: str) -> None:
        """Edit the configuration."""
        text = self.home.config.read_text()
        assert old in text
        self.home.configure(text.replace(old, new))

    def variables(self, **variables: str) -> None:
        self.home.environment |= variables

    def without(self, *names: str) -> None:
        for name in names:
            self.home.environment.pop(name, None)

    def report(self, *words: str) -> dict[str, dict[str, Any]]:
        """The checks by id, of a run whose exit code tells whether any failed."""
        return read_report(self.home.run("doctor", "--json", *words))

    def report_of(self, process: "subprocess.Popen[str]") -> dict[str, dict[str, Any]]:
        """The same of a process that has started."""
        stdout, stderr = process.communicate()
        return read_report(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))

    def failed(self, *words: str) -> list[str]:
        """The ids of what failed."""
        return [one for one, check in self.report(*words).items() if check["status"] == "failed"]

    def obey(self, remedy: str) -> None:
        """Do what is printed: run the command, set or unset the variable, paste the setting."""
        if remedy.startswith("unset "):
            self.without(*remedy.split()[1:])
        elif remedy.startswith("add to "):
            where, _, section = remedy.partition(":\n")
            with Path(where.removeprefix("add to ")).open("a") as file:
                file.write(f"{section}\n")
        elif remedy.startswith("credential_process = "):
            config = self.aws / "config"
            config.write_text(re.sub(r"credential_process = .*", remedy, config.read_text()))
        elif remedy.startswith("oidc-helper "):
            done = self.home.run(*remedy.split()[1:])
            assert done.returncode == 0, done.stderr
        else:
            subprocess.run(["sh", "-ec", remedy], env=self.home.environment, cwd=self.home.path, check=True)


def read_report(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """The checks by id, of a run whose exit code tells whether any failed."""
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["schema"] == 1
    assert all(set(check) == {"id", "status", "found", "remedy"} for check in report["checks"])
    assert all(bool(check["remedy"]) == (check["status"] == "failed") for check in report["checks"])
    assert done.returncode == int(any(check["status"] == "failed" for check in report["checks"]))
    return {check["id"]: check for check in report["checks"]}
