"""A world: a home and an emulator in which one thing breaks. Each command is checked against the rules for all."""

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
_OTHERS = """
[profile.reports]
role_arn = "{role}"
s3_grant = {{ target = "s3://reports/2026/*", permission = "READ" }}

[profile.builder]
role_arn = "{given}"
account_access = "{tenant}"
"""
_SHIFTED = "import time\n_true = time.time\ntime.time = lambda: _true() + {seconds}\n"

Execute = Callable[[Sequence[str], dict[str, str], Path, str], Done]


def whole_process(words: Sequence[str], environment: dict[str, str], where: Path, before: str) -> Done:
    """Run a command in a new process; without statements `before` it, as installed."""
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
class Outcome:
    """How a command ended, and the operations that it called."""

    words: tuple[str, ...]
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
    """`now` is how many seconds the commands' clock is ahead; `before` are statements that their processes run first.

    `closed` is a URL whose port is closed.
    """

    home: Home
    emulator: Emulator
    closed: str
    execute: Execute
    stack: ExitStack
    now: int = 0
    before: str = ""
    service: SecretService | None = None

    def run(self, *words: str) -> Outcome:
        """Run a command and check the rules for every command: the form of its streams, and no secret in them."""
        earlier = len(self.emulator.requests)
        shift = _SHIFTED.format(seconds=self.now) if self.now else ""
        done = self.execute(words, self.home.environment, self.home.path, shift + self.before)
        outcome = Outcome(
            words, done.returncode, done.stdout, done.stderr, tuple(map(_named, self.emulator.requests[earlier:]))
        )
        _check_form(outcome, words)
        assert tells(done.stderr, secrets(self.home, self.emulator)) == []
        return outcome

    def pass_time(self, seconds: int) -> None:
        """Let that much time pass for the commands and the services."""
        self.now += seconds
        self.emulator.advance(seconds)

    def variables(self, **values: str) -> None:
        """Change the environment of commands."""
        self.home.environment |= values


@contextmanager
def new_world(execute: Execute, keys: SigningKeys | None = None) -> Iterator[World]:
    """A world in which nothing is broken yet."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="world-")))
        emulator = stack.enter_context(Emulator(keys=keys))
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
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
        directory = emulator.directory
        others = _OTHERS.format(
            role=directory.analytics_role_arn, given=directory.other_roles[0].arn, tenant=directory.tenant.tenant_id
        )
        home.configure(file_config(emulator, defaults="deadline_seconds = 5", profiles=others))
        home.write_token(emulator.mint(ALICE, lifetime_s=24 * HOUR))
        yield World(home, emulator, f"http://127.0.0.1:{closed.getsockname()[1]}", execute, stack)


def _named(request: Request) -> str:
    return request.operation


def _check_form(outcome: Outcome, words: Sequence[str]) -> None:
    lines = outcome.stderr.split("\n")
    assert lines.pop() == "", outcome
    assert all(line.isprintable() for line in lines), outcome
    if words[0] == "get":
        if outcome.code == 0:
            assert outcome.stderr == "", outcome
            assert set(json.loads(outcome.stdout)) >= {"Version", "AccessKeyId", "SecretAccessKey", "Expiration"}
        else:
            assert outcome.stdout == "", outcome
            assert lines[0].startswith("oidc-helper: "), outcome
            assert [line.startswith("hint: ") for line in lines[1:]] in ([], [True]), outcome
