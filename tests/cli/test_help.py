"""Help and version: how to use a command, and the pages of the manual."""

import re
import shutil
from pathlib import Path

import pytest
from cli.transcript import complaint
from fakes.terminals import at_terminal
from homes import COMMAND, Home

import oidc_helper
from oidc_helper.cli import arguments
from oidc_helper.manual import mdoc
from oidc_helper.manual.pages import PAGES, page_on

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


@pytest.mark.parametrize("name", COMMANDS)
def test_help_on_a_command_is_its_help(home: Home, name: str) -> None:
    """As its --help prints it."""
    shown = home.run("help", name).stdout

    assert shown.startswith(f"usage: oidc-helper {name} ")
    assert shown == home.run(name, "--help").stdout


@pytest.mark.parametrize(
    "topic", ["config", "setup", "ci", "jobs", "errors", "create-token-with-iam", "oidc-helper-emulator"]
)
def test_help_shows_the_pages_of_the_manual(home: Home, topic: str) -> None:
    """Man gets the page of this program, and not that of another version which it might find."""
    shown = home.run("help", topic, PATH=with_man(home))

    page = Path(shown.stdout.strip())
    assert (shown.returncode, shown.stderr) == (0, "")
    assert page.stem == f"oidc-helper-{topic.removeprefix('oidc-helper-')}"
    assert page.read_text().startswith(".Dd")


@pytest.mark.parametrize(
    "script",
    [
        "",
        "#!/bin/sh\nexit 16\n",
        "#!/no/such/interpreter\n",
        "#!/bin/sh\necho \"To restore this content, you can run the 'unminimize' command.\"\n",
    ],
    ids=["no man", "man fails", "man does not start", "a minimal image's stub"],
)
def test_a_page_that_man_does_not_show_comes_from_the_package(home: Home, script: str) -> None:
    """Installers of Python programs leave no page where man looks, and many machines have no man."""
    path = with_man(home, script) if script else str(home.path)
    shown = home.run("help", "config", PATH=path, COLUMNS="60")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == mdoc.render(page_on("config").read_text(), 60)


def test_no_word_of_a_help_is_cut(home: Home) -> None:
    """At a terminal of any width; examples stay whole."""
    with at_terminal([COMMAND, "get", "--help"], home.environment, columns=40, prints_there=True) as started:
        started.ended()

    lines = started.screen.splitlines()
    assert "It never asks a question: if a person" in lines
    assert "  credential_process = oidc-helper get analytics" in lines


def test_no_man_is_started_where_groff_never_ends(home: Home) -> None:
    """In few columns it does not come to an end with the heading of a page of section 7."""
    shown = home.run("help", "errors", PATH=with_man(home), COLUMNS="40")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == mdoc.render(page_on("errors").read_text(), 40)


@pytest.mark.parametrize(
    ("variables", "begins"),
    [
        ({"MANPAGER": "sed s/^/man:/", "PAGER": "cat"}, "man:OIDC"),
        ({"PAGER": "sed s/^/page:/"}, "page:OIDC"),
        ({"PAGER": "'"}, "OIDC"),
        ({"PAGER": "no-such-pager"}, "OIDC"),
        ({}, "OIDC"),
    ],
    ids=["MANPAGER", "PAGER", "no command", "no such program", "no pager at all"],
)
def test_a_person_reads_a_page_through_the_pager(home: Home, variables: dict[str, str], begins: str) -> None:
    """The one that is named; a name that is no command keeps the page from nobody."""
    sed = home.path / "programs" / "sed"
    sed.parent.mkdir()
    sed.symlink_to(str(shutil.which("sed")))
    environment = {**home.environment, "PATH": str(sed.parent), **variables}
    with at_terminal([COMMAND, "help", "setup"], environment, columns=70, prints_there=True) as started:
        done = started.ended()

    assert done.returncode == 0
    assert started.seen.startswith(begins)
    assert "SEE ALSO" in mdoc.without_styles(started.seen)


def test_help_on_something_unknown_names_the_nearest_topic(home: Home) -> None:
    """And the pages that there are."""
    failed = complaint(home.run("help", "confg"))

    assert (failed.code, failed.message) == (2, "there is no help on 'confg', did you mean config?")
    named = {PAGES.get(name) for name in re.findall(r'"([^"]*)"', failed.hint)}
    assert named == {page.name for page in page_on("config").parent.glob("*.[1-8]")}


def test_help_on_a_message_is_its_cause_and_remedy(home: Home) -> None:
    """Pasted as it was shown, in quotes; of several rows that it fits, the one that says most."""
    message = "oidc-helper: CreateTokenWithIAM was refused: InvalidScopeException: no"
    shown = home.run("help", message, COLUMNS="200").stdout.splitlines()

    assert shown[0].strip() == "CreateTokenWithIAM was refused: InvalidScopeException..."
    assert "Shorten scopes" in " ".join(line.strip() for line in shown)


def test_a_message_needs_no_quotes(home: Home) -> None:
    """A person pastes it as it was shown, or types the beginning."""
    quoted = home.run("help", "nobody is signed in as corp")

    assert quoted.returncode == 0
    assert home.run("help", *["nobody", "is", "signed", "in", "as", "corp"]).stdout == quoted.stdout
    assert home.run("help", *["nobody", "is", "signed", "in"]).stdout == quoted.stdout
    assert home.run("help", *["oidc-helper:", "nobody", "is", "signed", "in", "as", "corp"]).stdout == quoted.stdout


def test_help_on_the_emulator_ends_with_its_page(home: Home) -> None:
    """The end is what a person sees of a long one."""
    assert home.run("help", "emulator").stdout.rstrip().endswith("oidc-helper help oidc-helper-emulator")


def test_help_on_a_message_of_nobody_names_the_page(home: Home) -> None:
    failed = complaint(home.run("help", "no such message"))

    assert (failed.code, failed.message) == (2, "there is no help on 'no such message'")
    assert failed.hint == "for all messages: oidc-helper help errors"
