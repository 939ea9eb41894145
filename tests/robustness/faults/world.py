"""Where one thing is broken: a home, an emulator, and commands that run in it, each held to the rules of all."""

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli.transcript import secrets, tells
from fakes.secret_service import SecretService
from homes import COMMAND, Home, file_config
from zygote import Done

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.request_log import Request
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

ALICE = "alice@example.com"
HOUR = 3_600
_REPORTS = """
[profile.reports]
role_arn = "{role}"
s3_grant = {{ target = "s3://reports/2026/*", permission = "READ" }}
"""
_SHIFTED = "import time\n_true = time.time\ntime.time = lambda: _true() + {seconds}\n"

Run = Callable[[Sequence[str], dict[str, str], Path, str], Done]


def whole(words: Sequence[str], environment: dict[str, str], where: Path, before: str) -> Done:
    """Run a command as a process from its very beginning; without statements before it, the installed one."""
    script = f"{before}\nfrom oidc_helper.hotpath import main\nmain()"
    start = [sys.executable, "-c", script] if before else [str(COMMAND)]
    return subprocess.run(
        [*start, *words],
        env=environment,
        cwd=where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@dataclass(frozen=True)
class Said:
    """How a command ended, and the calls that it made."""

    code: int
    stdout: str = field(repr=False)
    stderr: str
    calls: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Whether it printed credentials."""
        return self.code == 0 and "AccessKeyId" in self.stdout


@dataclass
class World:
    """`now` counts the seconds that commands are ahead of us; `before` is what their processes do first."""

    home: Home
    emulator: Emulator
    closed: str
    execute: Run
    stack: ExitStack
    now: int = 0
    before: str = ""
    service: SecretService | None = None

    def run(self, *words: str) -> Said:
        """Run a command. What holds of every one is asserted here: its streams' form, and that they tell no secret."""
        seen = len(self.emulator.requests)
        shift = _SHIFTED.format(seconds=self.now) if self.now else ""
        done = self.execute(words, self.home.environment, self.home.path, shift + self.before)
        said = Said(done.returncode, done.stdout, done.stderr, tuple(map(_named, self.emulator.requests[seen:])))
        _keeps_to_the_form(said, words)
        assert tells(done.stderr, secrets(self.home, self.emulator)) == []
        return said

    def pass_time(self, seconds: int) -> None:
        """Let everything be so much older, here and there."""
        self.now += seconds
        self.emulator.advance(seconds)

    def variables(self, **values: str) -> None:
        """Change the environment of commands."""
        self.home.environment |= values


@contextmanager
def world(execute: Run, keys: SigningKeys | None = None) -> Iterator[World]:
    """A home in which all is well."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="world-")))
        emulator = stack.enter_context(Emulator(keys=keys))
        held = stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(path),
            "OIDC_HELPER_KERNEL_KEYRING": "session",
            "PYTHON_KEYRING_BACKEND": BACKEND,
            VARIABLE: str(path / "keyring.json"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **emulator.environment,
        }
        home = Home(path, environment)
        reports = _REPORTS.format(role=emulator.directory.analytics_role_arn)
        home.configure(file_config(emulator, defaults="deadline_seconds = 5", profiles=reports))
        home.write_token(emulator.mint(ALICE, lifetime_s=24 * HOUR))
        yield World(home, emulator, f"http://127.0.0.1:{held.getsockname()[1]}", execute, stack)


def _named(request: Request) -> str:
    return request.operation


def _keeps_to_the_form(said: Said, words: Sequence[str]) -> None:
    lines = said.stderr.split("\n")
    assert lines.pop() == "", said
    assert all(line.isprintable() for line in lines), said
    if words[0] == "get":
        if said.code == 0:
            assert said.stderr == "", said
            assert set(json.loads(said.stdout)) >= {"Version", "AccessKeyId", "SecretAccessKey", "Expiration"}
        else:
            assert said.stdout == "", said
            assert lines[0].startswith("oidc-helper: "), said
            assert [line.startswith("hint: ") for line in lines[1:]] in ([], [True]), said
