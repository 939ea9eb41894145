"""The site of the measured commands: temporary homes, filled stores, and an emulator in a process of its own."""

import re
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from unittest import mock

from benchmarks.installation import HERE, Installation

from oidc_helper import kernel, names
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE
from oidc_helper.store import choice

PROFILE = "p0"
_CONFIG = """
[identity.job]
source = "file"
path = "{token_file}"

[defaults]
identity = "job"
application_arn = "{application_arn}"
identity_center_region = "{region}"
caller = {{ web_identity_role_arn = "{caller_role_arn}" }}
role_arn = "{role_arn}"
"""


@dataclass(frozen=True)
class Command:
    """A command and the environment it is typed in."""

    words: list[str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Site:
    """A directory for homes, and the address and ARNs of the emulator."""

    directory: Path
    installed: Installation
    environment: dict[str, str]
    token_url: str
    arns: dict[str, str]
    _numbers: Iterator[int]

    def with_variables(self, *, without: tuple[str, ...] = (), **variables: str) -> "Site":
        """The same site, with other variables."""
        kept = {name: value for name, value in self.environment.items() if name not in without}
        return replace(self, environment={**kept, **variables})

    def bare(self) -> Command:
        """The interpreter that does nothing."""
        return Command([str(self.installed.python), "-c", "pass"], self.environment)

    def cold(self, *, profiles: int = 1) -> Command:
        """`get` in a new home, with a new identity token."""
        home = self._home()
        sections = (f"[profile.p{number}]\n" for number in range(profiles))
        config = home / "config.toml"
        config.write_text(_CONFIG.format(token_file=self._token_file(home), **self.arns) + "".join(sections))
        variables = {"HOME": str(home), "OIDC_HELPER_CONFIG": str(config), VARIABLE: str(home / "keyring.json")}
        return Command([str(self.installed.command), "get", PROFILE], {**self.environment, **variables})

    def boto3(self) -> Command:
        """The same calls, made by the bare script."""
        script = Path(__file__).with_name("bare_boto3.py")
        values = (self.arns[name] for name in ("region", "application_arn", "caller_role_arn", "role_arn"))
        arguments = [str(self._token_file(self._home())), *values]
        return Command([str(self.installed.python), str(script), *arguments], self.environment)

    def hit(self, *, profiles: int = 1) -> Command:
        """`get` in a home whose store has the credentials of all profiles."""
        command = self.cold(profiles=profiles)
        subprocess.run(command.words, env=command.environment, check=True, capture_output=True)
        with mock.patch.dict("os.environ", command.environment, clear=True):
            entries = [names.entry_name("credentials", f"p{number}") for number in range(profiles)]
            if fetched := kernel.read(entries[0]):
                with suppress(OSError):  # the quota of an ordinary user
                    for entry in entries[1:]:
                        kernel.write(entry, fetched, 3_600)
            elif vault := choice.find(timeout_s=60):
                sealed = vault.get(entries[0]) or ""
                for entry in entries[1:]:
                    vault.set(entry, sealed)
        return command

    def _home(self) -> Path:
        home = self.directory / str(next(self._numbers))
        home.mkdir()
        return home

    def _token_file(self, home: Path) -> Path:
        path = home / "token"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.token_url) as answer:
            path.write_bytes(answer.read())
        return path


@contextmanager
def site(directory: Path, installed: Installation = HERE) -> Iterator[Site]:
    """Start the emulator as a user would; it ends with the block."""
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(directory)}
    with subprocess.Popen([HERE.command, "emulator"], env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _site(process, directory, installed, variables)
        finally:
            process.terminate()


def _site(
    process: "subprocess.Popen[str]", directory: Path, installed: Installation, variables: dict[str, str]
) -> Site:
    """Read the shell lines and the example configuration that the emulator command prints."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("permission_set"):
            break
    printed = "".join(lines)
    exported = dict(word.split("=", 1) for word in shlex.split(printed, comments=True) if word.startswith("AWS_"))
    token_url = re.search(r"# identity token: (\S+)", printed)
    assert token_url
    quoted = dict(re.findall(r'(\w+) = "([^"]+)"', printed))
    arns = {name: quoted[name] for name in ("application_arn", "role_arn", "region")}
    caller = re.search(r'web_identity_role_arn = "([^"]+)"', printed)
    assert caller
    environment = {
        **variables,
        **exported,
        kernel.VARIABLE: "session",
        "PYTHON_KEYRING_BACKEND": BACKEND,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Site(directory, installed, environment, token_url[1], {**arns, "caller_role_arn": caller[1]}, count())
