"""Help and version: how to use a command, and the pages of the manual."""

from pathlib import Path

import pytest
from cli.transcript import complaint
from homes import Home

import oidc_helper
from oidc_helper.cli import arguments

COMMANDS = [command.name for command in arguments.COMMANDS if command.run]
MAN = """#!/bin/sh
printf '%s\\n' "$@"
"""


def with_man(home: Home, script: str = MAN) -> str:
    """A directory whose program `man` prints the words that it is given."""
    directory = home.path / "programs"
    directory.mkdir()
    (directory / "man").write_text(script)
    (directory / "man").chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["version"]], ids=" ".join)
def test_each_way_to_ask_for_the_version_prints_it(home: Home, words: list[str]) -> None:
    """In one line."""
    assert home.run(*words).stdout == f"oidc-helper {oidc_helper.__version__}\n"


def test_help_alone_is_the_help_of_the_program(home: Home) -> None:
    """As --help prints it."""
    assert home.run("help").stdout == home.run("--help").stdout


@pytest.mark.usefixtures("forks")
@pytest.mark.parametrize("name", COMMANDS)
def test_help_on_a_command_is_its_help(home: Home, name: str) -> None:
    """As its --help prints it."""
    shown = home.run("help", name).stdout

    assert shown.startswith(f"usage: oidc-helper {name} ")
    assert shown == home.run(name, "--help").stdout


@pytest.mark.parametrize("topic", ["config", "setup", "create-token-with-iam"])
def test_help_shows_the_pages_of_the_manual(home: Home, topic: str) -> None:
    """Man gets the page that was installed with this program."""
    shown = home.run("help", topic, PATH=with_man(home))

    page = Path(shown.stdout.strip())
    assert (shown.returncode, shown.stderr) == (0, "")
    assert page.stem == f"oidc-helper-{topic}"
    assert page.read_text().startswith(".Dd")


@pytest.mark.parametrize(("script", "message"), [("", "is not installed"), ("#!/bin/sh\nexit 16\n", "man cannot show")])
def test_a_page_that_man_does_not_show_is_named(home: Home, script: str, message: str) -> None:
    """So that it can be read in another way."""
    path = with_man(home, script) if script else str(home.path)
    failed = complaint(home.run("help", "config", PATH=path))

    assert (failed.code, message in failed.message) == (1, True)
    assert Path(failed.hint.removeprefix("the page is ")).name == "oidc-helper-config.5"


def test_help_on_something_unknown_names_the_nearest_topic(home: Home) -> None:
    """And the pages that there are."""
    failed = complaint(home.run("help", "confg"))

    assert (failed.code, failed.message) == (2, "there is no help on 'confg', did you mean config?")
    assert failed.hint.startswith('name a command, "config" or "setup"')
