"""A home in which all is well, and the ways to break it."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from cli.arrangements import keys_of_the_iam_user, with_caller
from homes import COMMAND, Home, file_config

from oidc_helper import paths, record
from oidc_helper.emulator import Emulator
from oidc_helper.store.kinds import CREDENTIALS, TOKENS
from oidc_helper.store.store import Store

ALICE = "alice@example.com"
PLANTED = "planted-5ecret-of-another-profile"
OTHERS = f'{{"Version":1,"AccessKeyId":"ASIAOTHER","SecretAccessKey":"{PLANTED}","SessionToken":"{PLANTED}"}}'
OTHERS_NAME = "other+application"


@dataclass(frozen=True)
class World:
    """A home in which a case breaks one thing; `closed` is the URL of a port that refuses connections."""

    home: Home
    emulator: Emulator
    closed: str

    def settings(self, old: str, new: str) -> None:
        """Edit the configuration."""
        text = self.home.config.read_text()
        assert old in text
        self.home.configure(text.replace(old, new))

    def token(self, **claims: object) -> None:
        """Put a token with other claims into the file."""
        self.home.write_token(self.emulator.mint(ALICE, **claims))  # type: ignore[arg-type]  # as many as one likes

    def signed_by_a_user(self) -> None:
        """Let nobody but Identity Center see the identity token."""
        with_caller(self.home, "{ environment = true }")
        self.home.environment |= keys_of_the_iam_user(self.emulator)

    def command(self, *words: str) -> None:
        """Let a shell script print the identity token."""
        listed = ", ".join(f"'{word}'" for word in words)
        self.settings('source = "file"\npath = "token"', f'source = "command"\ncommand = [{listed}]')

    def aws_profile(self, section: str) -> None:
        """Let an AWS profile sign."""
        with_caller(self.home, '{ profile = "base" }')
        (self.home.path / "aws").write_text(section)
        self.home.environment["AWS_CONFIG_FILE"] = str(self.home.path / "aws")

    def script(self, text: str) -> str:
        """Write a program that does not show what it runs."""
        path = self.home.path / "wrapper"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)


def arranged(home: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A home in which all is well, and where another profile's secrets are kept."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    expires_at = int(time.time()) + 3_600
    stamp = paths.config_stamp([str(home.config)])
    text = record.compose(OTHERS, serve_until=expires_at, stamp=stamp, renew_from=expires_at, expires_at=expires_at)
    Store().put(CREDENTIALS, "other", text, expires_at=expires_at)
    Store().put(TOKENS, OTHERS_NAME, PLANTED, expires_at=expires_at)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield World(home, emulator, f"http://127.0.0.1:{silent.getsockname()[1]}")


def nothing_lost(world: World) -> None:
    """Assert that the other profile's records are as they were."""
    kept = Store().get(CREDENTIALS, "other")
    assert kept is not None
    assert kept.endswith(OTHERS)
    assert Store().get(TOKENS, OTHERS_NAME) == PLANTED


Break = Callable[[World], object]


@dataclass(frozen=True)
class Case:
    """One broken thing, and fragments of its message and hint, separated by `|`, which must all appear."""

    name: str
    breaks: Break
    code: int
    message: str
    hint: str
    profile: str = "analytics"


def fault(operation: str, **order: object) -> Break:
    """A service that answers so to every call."""
    return lambda world: world.emulator.fault(operation, times=None, **order)


def raw(content: bytes) -> Break:
    return lambda world: (world.home.path / "token").write_bytes(content)


def by_a_user(**claims: object) -> Break:
    def arrange(world: World) -> None:
        world.signed_by_a_user()
        world.token(**claims)

    return arrange


def variable(name: str, value: str) -> Break:
    return lambda world: world.home.environment.update({name: value})


def no_file(world: World) -> None:
    (world.home.path / "token").unlink()


def a_directory(world: World) -> None:
    no_file(world)
    (world.home.path / "token").mkdir()


def a_pipe(world: World) -> None:
    no_file(world)
    os.mkfifo(world.home.path / "token")


def through_source_profile(world: World) -> None:
    world.aws_profile(
        f"[profile base]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = middle\n"
        f"[profile middle]\ncredential_process = {COMMAND} get analytics\n"
    )


def behind_a_wrapper(world: World) -> None:
    world.aws_profile(f"[profile base]\ncredential_process = {world.script(f'exec {COMMAND} get analytics')}\n")


def a_process_that(text: str) -> Break:
    return lambda world: world.aws_profile(f"[profile base]\ncredential_process = {world.script(text)}\n")


def mallory(world: World) -> None:
    world.home.write_token(world.emulator.mint("mallory@example.com"))


def nobody_there(world: World) -> None:
    world.emulator.directory.users.clear()


def set_context_is_missing(world: World) -> None:
    world.emulator.directory.analytics_role.allows_set_context = False


def role_does_not_trust(world: World) -> None:
    world.emulator.directory.caller_role.web_identity_audiences = set()


def not_assigned(world: World) -> None:
    world.emulator.directory.not_assigned_error = "ForbiddenException"
    world.settings('"Admin"', '"Owner"')


def keys_that_do_not_fit(world: World) -> None:
    world.signed_by_a_user()
    world.home.environment["AWS_SECRET_ACCESS_KEY"] = "hunter2"


def no_such_server(variable_name: str) -> Break:
    return lambda world: world.home.environment.update({variable_name: world.closed})


def too_late(operation: str) -> Break:
    def arrange(world: World) -> None:
        world.settings("[defaults]\n", "[defaults]\ndeadline_seconds = 5\n")
        world.emulator.fault(operation, until=threading.Event(), times=None)

    return arrange


def hangs(world: World) -> None:
    world.command("sleep", "1000")
    world.settings("[defaults]\n", "[defaults]\ndeadline_seconds = 5\n")
