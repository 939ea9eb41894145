"""README and manuals agree with `--help`, with each other and with .ci/run."""

import argparse
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Home

from oidc_helper.cli import arguments
from oidc_helper.manual import pages

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MANUAL = (ROOT / "man/oidc-helper.1").read_text()


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (one for one in arguments.parser()._actions if isinstance(one, argparse._SubParsersAction))
    return dict(action.choices)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Those that its help shows."""
    for action in parser._actions:
        if action.help != argparse.SUPPRESS:
            yield from (option for option in action.option_strings if option.startswith("--"))


def test_readme_shows_the_help(home: Home) -> None:
    """Its blocks are the output of `--help` in 80 columns."""
    blocks = re.findall(r"<!-- help: oidc-helper (.*?) -->\n```\n(.*?)```\n<!-- end -->", README, re.DOTALL)

    assert blocks
    for words, block in blocks:
        assert home.run(*words.split(), COLUMNS="80").stdout == block


def test_ci_ends_with_the_test_command_of_readme() -> None:
    """A newcomer pastes the command that is tested."""
    last = (ROOT / ".ci/run").read_text().rstrip().splitlines()[-1]

    assert "pytest" in last
    assert last in README.splitlines()


@pytest.mark.parametrize("name", subcommands())
def test_manual_has_every_command_and_option(name: str) -> None:
    """A section of the manual names every option of the command, beside those of all commands."""
    common = set(options(arguments.parser()))
    section = re.search(
        rf"^\.It Cm {re.escape(name)}\b.*?(?=^\.It Cm (?!{re.escape(name)})|^\.Ss)", MANUAL, re.MULTILINE | re.DOTALL
    )

    assert section

    documented = set(re.findall(r"Fl -([a-z0-9-]+)", section[0]))

    assert documented - {"version"} == {option[2:] for option in options(subcommands()[name]) if option not in common}


def test_manual_has_the_common_options() -> None:
    """The options of every command have a section of their own; that of the program alone is in the synopsis."""
    section = MANUAL.partition(".Ss Options of every command")[2].partition(".Ss")[0]
    synopsis = MANUAL.partition(".Sh SYNOPSIS")[2].partition(".Sh")[0]
    of_every_command = set.intersection(*(set(options(one)) for one in subcommands().values()))

    assert {f"--{name}" for name in re.findall(r"^\.It Fl -([a-z-]+)", section, re.MULTILINE)} == of_every_command
    assert set(options(arguments.parser())) - of_every_command == {"--version"}
    assert "Fl -version" in synopsis


def test_manual_names_no_other_command() -> None:
    """The manual documents no command that does not exist."""
    documented = set(
        re.findall(r"^\.It Cm ([a-z-]+)", MANUAL.partition(".Ss Commands")[2].partition(".Ss")[0], re.MULTILINE)
    )

    assert documented == set(subcommands())


@pytest.mark.parametrize("page", sorted((ROOT / "man").iterdir()), ids=lambda page: page.name)
def test_manual_pages_are_clean(page: Path) -> None:
    """Mandoc warns of nothing."""
    if not shutil.which("mandoc"):
        if os.environ.get("OIDC_HELPER_REQUIRE_ALL") == "1":
            pytest.fail("mandoc is not installed")
        pytest.skip("mandoc is not installed")

    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)

    assert done.stdout == ""


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "man").iterdir()))
def test_every_page_is_installed_and_a_topic_of_help(page: str) -> None:
    """Where man looks, and in the package for machines without man."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert project["shared-data"][f"man/{page}"] == f"share/man/man{page[-1]}/{page}"
    assert pages.page_on(page[:-2]).read_text() == (ROOT / "man" / page).read_text()


def test_help_and_manual_have_the_same_exit_codes() -> None:
    """From 0 to 6."""
    in_help = re.findall(r"^  (\d)  ", arguments.parser().epilog or "", re.MULTILINE)
    in_manual = re.findall(r"^\.It (\d)$", MANUAL.partition(".Sh EXIT STATUS")[2], re.MULTILINE)

    assert in_help == in_manual == list("0123456")


def test_the_architecture_shows_every_room() -> None:
    """The picture of CONTRIBUTING has each folder and module of the package."""
    picture = (ROOT / "CONTRIBUTING.md").read_text().partition("  hotpath ")[2].partition("```")[0]
    rooms = {path.stem for path in (ROOT / "oidc_helper").iterdir() if path.name.isidentifier() or path.suffix == ".py"}

    assert {room for room in rooms if not room.startswith("__")} - {"hotpath"} <= set(re.findall(r"\w+", picture))


@pytest.mark.parametrize("document", ["SECURITY.md", "tests/robustness/README.md", "man/oidc-helper-deploy.7"])
def test_the_tests_that_are_named_are_there(document: str) -> None:
    """Every promise, every trouble of others, and what is said to those who deploy, names a test that exists."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / document).read_text())

    assert named
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), f"{path} has no {test}"


def test_every_promise_names_a_test() -> None:
    """Each section of promises in SECURITY names one."""
    security = (ROOT / "SECURITY.md").read_text()
    promises = re.findall(r"^### .*?(?=^##|\Z)", security, re.MULTILINE | re.DOTALL)

    assert promises
    assert [promise for promise in promises if "`tests/" not in promise] == []
