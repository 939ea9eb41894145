"""What people type first does what they expect, or names the line to type."""

import pytest
from cli.transcript import complaint
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper.cli import arguments, habits
from oidc_helper.emulator import Emulator

COMMANDS = {command.name for command in arguments.COMMANDS}
# What is typed -> the line that the hint names.
TYPED = {
    "whoami": "oidc-helper status",
    "list": "oidc-helper status",
    "ls": "oidc-helper status",
    "profile": "oidc-helper profiles",
    "roles": "oidc-helper profiles",
    "signin analytics": "oidc-helper login analytics",
    "sso login analytics": "oidc-helper login analytics",
    "auth": "oidc-helper login",
    "sign-out": "oidc-helper logout",
    "Login": "oidc-helper login",
    "GET analytics": "oidc-helper get analytics",
    "credentials analytics": "oidc-helper get analytics",
    "refresh analytics": "oidc-helper get --refresh analytics",
    "run analytics -- terraform plan": "oidc-helper exec analytics -- terraform plan",
    "export analytics": "oidc-helper env analytics",
    "test": "oidc-helper doctor",
    "man": "oidc-helper help",
    "init": "oidc-helper configure",
    "new analytics": "oidc-helper configure analytics",
    "config": "oidc-helper help config",
    "setup": "oidc-helper help setup",
    "errors": "oidc-helper help errors",
    "?": "oidc-helper help",
    "statsu": "oidc-helper status",
    "analytics": "oidc-helper get analytics",
    "nothing-of-the-kind": "oidc-helper --help",
    "get": "oidc-helper get PROFILE, one of: analytics, dev-admin",
    "token": "oidc-helper token PROFILE, one of: analytics, dev-admin",
    "exec": "oidc-helper exec PROFILE, one of: analytics, dev-admin",
    "explain": "oidc-helper explain PROFILE, one of: analytics, dev-admin",
    "get --profile analytics": "oidc-helper get analytics",
    "login --profile analytics": "oidc-helper login analytics",
    "get job": "its profiles: analytics, dev-admin",
    "status job": "its profiles: analytics, dev-admin",
    "logout": "oidc-helper logout PROFILE, one of: analytics, dev-admin",
    "logout --all analytics": "leave --all out",
}
OPTIONS = {
    "-v": "did you mean --debug?",
    "--verbose": "did you mean --debug?",
    "--Version": "did you mean --version?",
    "status --output json": "did you mean --json?",
    "login -d": "did you mean --debug?",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_no_command_gets_the_line_to_type(ready: Home, typed: str) -> None:
    """With the words that follow."""
    failed = complaint(ready.run(*typed.split()))

    assert (failed.code, failed.hint) == (2, TYPED[typed])


@pytest.mark.parametrize("typed", OPTIONS)
def test_an_option_of_other_programs_gets_ours(ready: Home, typed: str) -> None:
    """Of the command that it was typed with."""
    failed = complaint(ready.run(*typed.split()))

    assert failed.code == 2
    assert OPTIONS[typed] in failed.message


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("serve a --port 0 b", "serve --port 0 a b"),
        ("serve a --port 0 -- b", "serve --port 0 a b"),
        ("--debug serve a --port 0 b --config x c", "serve --port 0 --config x --debug a b c"),
        ("serve --fd a b", "serve a b --fd"),
        ("serve --fd 3 a", "serve a --fd=3"),
        ("serve a --fd 3 b", "serve a b --fd=3"),
        ("help nobody --config x is signed in", "help --config x nobody is signed in"),
    ],
)
def test_options_stand_before_between_or_behind_names(typed: str, canonical: str) -> None:
    """A name is no number, which may be left out."""
    found, expected = (vars(arguments.parse(line.split())) for line in (typed, canonical))

    assert {**found, "run": None, "parser": None} == {**expected, "run": None, "parser": None}


def test_a_name_behind_an_option_is_looked_up(ready: Home) -> None:
    assert "did you mean dev-admin?" in complaint(ready.run("serve", "analytics", "--port", "0", "dev-adm")).message


def test_every_line_that_is_meant_is_a_command() -> None:
    """And nothing that is typed from habit is a command itself."""
    assert {line.split()[0] for line in habits._MEANT} <= COMMANDS
    assert COMMANDS & {word for typed in habits._MEANT.values() for word in typed.split()} == set()


def test_nobody_repeats_what_may_be_a_secret(ready: Home) -> None:
    """Only words like names and options are put into the hint."""
    assert complaint(ready.run("signin", "a" * 200)).hint == "oidc-helper login"


def test_the_name_alone_is_help_for_a_person(home: Home) -> None:
    """And an error for a script, which forgot something."""
    with at_terminal([COMMAND], home.environment, columns=80, prints_there=True) as started:
        assert started.ended().returncode == 0
        assert "usage: oidc-helper" in started.screen

    assert complaint(home.run()).message == "a command is missing"


def test_login_takes_the_name_of_an_identity(ready: Home) -> None:
    """That is what status shows, and whom one signs in as."""
    done = ready.run("login", "job")

    assert (done.returncode, done.stdout.split(", until")[0]) == (0, "signed in as alice@example.com")


def test_a_profile_comes_before_an_identity_of_its_name(home: Home, emulator: Emulator) -> None:
    home.configure(file_config(emulator, name="dev-admin"))
    home.write_token(emulator.mint("alice@example.com"))

    assert "credentials of dev-admin" in home.run("login", "dev-admin").stdout
