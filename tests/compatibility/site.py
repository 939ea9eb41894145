"""A home in which a client runs: its AWS profile has the line of the manual, and leads to an emulator and a bucket."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from compatibility import environments
from compatibility.bucket import bucket
from compatibility.clients import Client
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.fixtures import ACCOUNT
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

LONGEST_S = 600  # of the slowest trial
_KEPT = ("PATH", "LANG", "COVERAGE_PROCESS_START")
_CHAINED = f"arn:aws:iam::{ACCOUNT}:role/chained"
_RESERVED = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com"
ANALYTICS = f"arn:aws:sts::{ACCOUNT}:assumed-role/analytics/alice@example.com"
ADMIN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071/alice"
USER = f"arn:aws:iam::{ACCOUNT}:user/tip-caller"
CHAINED = f"arn:aws:sts::{ACCOUNT}:assumed-role/chained/"


@dataclass(frozen=True)
class Run:
    """How a client's process ended, and whose keys signed its calls."""

    code: int
    said: str
    callers: list[str]


@dataclass(frozen=True)
class Site:
    """The home of one client, the emulator, the bucket's URL and the bucket's callers."""

    name: str
    client: Client
    home: Home
    emulator: Emulator
    s3: str
    in_bucket: list[str] = field(default_factory=list)

    def write_line(self, command: str = str(COMMAND)) -> None:
        """Write the AWS profiles: two that start our command so, one with a key, and one whose source is ours."""
        sections = {
            "analytics": f"credential_process = {command} get analytics",
            "dev-admin": f"credential_process = {command} get dev-admin",
            "chained": f"role_arn = {_CHAINED}\nsource_profile = dev-admin",
        }
        user = self.emulator.directory.iam_user
        keys = f"aws_access_key_id = {user.access_key_id}\naws_secret_access_key = {user.secret_access_key}\n"
        static = f"[static]\n{keys}region = eu-west-1\n\n"
        (self.home.path / "aws-credentials").write_text(static)  # where every client reads keys
        kind = "profile " if self.client.file == "config" else ""
        text = "\n".join(f"[{kind}{name}]\n{body}\nregion = eu-west-1\n" for name, body in sections.items())
        with (self.home.path / f"aws-{self.client.file}").open("w" if kind else "a") as file:
            file.write(text)

    def start(
        self, profile: str, *, before: Sequence[str] = (), variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start the client, by the words `before` it if there are any."""
        return subprocess.Popen(
            [*before, *self.words()],
            env={**self.home.environment, "AWS_PROFILE": profile, **self.client.variables, **(variables or {})},
            cwd=self.home.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def run(
        self, profile: str = "analytics", *, before: Sequence[str] = (), variables: Mapping[str, str] | None = None
    ) -> Run:
        """Run the client to its end."""
        known = len(self.callers())
        done = self.finish(self.start(profile, before=before, variables=variables))
        return replace(done, callers=done.callers[known:])

    def finish(self, process: "subprocess.Popen[str]") -> Run:
        """Wait for its end; all callers so far are named."""
        try:
            said, _ = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Run(process.returncode, said, self.callers())

    def words(self) -> list[str]:
        """What is typed to start the client."""
        place = {
            "env": environments.directory(self.name),
            "packages": environments.packages(self.name),
            "programs": environments.PROGRAMS,
            "s3": self.s3,
            "sts": self.emulator.url,
        }
        return [word.format(**place) for word in self.client.words]

    def is_python(self) -> bool:
        """Whether the client would not start with the variables of another Python."""
        return "python" in self.client.words[0]

    def hostile(self, variables: Mapping[str, str]) -> dict[str, str]:
        """These variables; a Python takes them once it has started."""
        return {"VARIABLES": json.dumps(dict(variables))} if self.is_python() else dict(variables)

    def callers(self) -> list[str]:
        """Whose keys signed the calls of the client so far."""
        asked = [one for one in self.emulator.requests if one.operation == "GetCallerIdentity"]
        return [one.signer if one.ok and one.signer else f"nobody: {one.error}" for one in asked] + self.in_bucket


@contextmanager
def site(name: str, client: Client, directory: Path, keys: SigningKeys) -> Iterator[Site]:
    """An empty home, an emulator and a bucket; they end with the block."""
    home = Home(directory, _environment(directory))
    with Emulator(keys=keys) as emulator, bucket(emulator) as (s3, in_bucket):
        home.environment |= {**emulator.environment, "AWS_ENDPOINT_URL_S3": s3}
        home.configure(file_config(emulator))
        home.write_token(emulator.mint("alice@example.com"))
        admin = emulator.directory.permission_sets["Admin"]
        trusted = {f"{_RESERVED}/AWSReservedSSO_{admin.name}_{admin.suffix}"}
        emulator.directory.other_roles.append(Role(_CHAINED, "AROACHAINED", trusted=trusted))
        here = Site(name, client, home, emulator, s3, in_bucket)
        here.write_line()
        yield here


def in_a_shell(script: str) -> list[str]:
    """Words before a client, which a shell runs by `exec "$@"`."""
    return ["sh", "-c", script, "sh"]


def _environment(directory: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "HOME": str(directory),
        "AWS_CONFIG_FILE": str(directory / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_SDK_LOAD_CONFIG": "1",
        "OIDC_HELPER_KERNEL_KEYRING": "session",
        "OIDC_HELPER_SITE_CONFIG": "",
        "PYTHON_KEYRING_BACKEND": BACKEND,
        VARIABLE: str(directory / "keyring.json"),
    }
