"""The manual page, `--help` and the service model name the same options, grants and exit codes."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from create_token_with_iam.runs import BASE, Place, newer_model

from oidc_helper.create_token_with_iam import service
from oidc_helper.create_token_with_iam.arguments import GLOBAL, OURS, SKELETON, WHOLE_INPUT
from oidc_helper.create_token_with_iam.checks import GRANTS
from oidc_helper.create_token_with_iam.model import Member, Model

PAGE = (Path(__file__).parents[2] / "man/oidc-helper-create-token-with-iam.1").read_text()
MEMBERS = Model(service.begin()).members
CHOICES = {option.name: option.keywords.get("choices", ()) for option in (*GLOBAL, SKELETON)}


@pytest.fixture
def help_text(place: Place) -> str:
    return place.run("--help").stdout


def unlike_the_page(members: Mapping[str, Member]) -> set[str]:
    """The options that only the page or only the command has."""
    known = {member.option for member in members.values()}
    known |= {option.name for option in (*WHOLE_INPUT, SKELETON, *OURS, *GLOBAL)} | {"--help"}
    return known ^ {f"-{name}" for name in re.findall(r"^\.It Fl (-[a-z-]+)", PAGE, re.MULTILINE)}


def test_the_page_has_every_option_and_no_other() -> None:
    """Options of the service model, of the input, our own, and global ones."""
    assert unlike_the_page(MEMBERS) == set()


def test_the_page_is_found_to_lack_a_parameter_of_a_newer_botocore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command has it without a change; this page is what has to follow."""
    newer_model(tmp_path)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))

    assert unlike_the_page(Model(service.begin()).members) == {"--proof-key", "--proof-count", "--with-proof"}


def test_help_has_every_option_of_the_page(help_text: str) -> None:
    """In the same order, which is that of the sections."""
    in_help = re.findall(r"^  (--[a-z-]+)", help_text, re.MULTILINE)

    assert [f"-{name}" for name in re.findall(r"^\.It Fl (-[a-z-]+)", PAGE, re.MULTILINE)] == in_help


@pytest.mark.parametrize("name", [name for name, choices in CHOICES.items() if choices])
def test_the_page_has_every_choice(name: str) -> None:
    line = re.search(rf"^\.It Fl {re.escape(name[1:])} (?:Op )?Cm (.*)$", PAGE, re.MULTILINE)

    assert line
    assert set(line[1].split(" | ")) == set(CHOICES[name])


def test_every_grant_is_explained_and_has_an_example(help_text: str) -> None:
    """In help, in the page's list, and in its examples."""
    examples = PAGE.partition(".Sh EXAMPLES")[2]
    for grant in GRANTS:
        assert f"  {grant}\n" in help_text
        assert f".It Li {grant}\n" in PAGE
        assert f"--grant-type {grant}" in examples


def test_every_parameter_belongs_to_a_grant() -> None:
    """The table of grants has every member of the service model, but for those of all requests."""
    known = {name for grant in GRANTS.values() for name in (*grant.needed, *grant.optional)}

    assert known == MEMBERS.keys() - {"clientId", "grantType", "scope"}


def test_help_and_page_list_the_same_exit_codes(help_text: str) -> None:
    in_help = re.findall(r"^  (\d+)  ", help_text, re.MULTILINE)

    assert in_help == re.findall(r"^\.It (\d+)$", PAGE.partition(".Sh EXIT STATUS")[2], re.MULTILINE)


@pytest.mark.parametrize("words", [("--help",), ("help",), ("-h",), (*BASE, "help")], ids=lambda words: words[-1])
def test_help_can_be_asked_for_in_the_usual_ways(place: Place, help_text: str, words: tuple[str, ...]) -> None:
    """Even with an unknown AWS_PROFILE."""
    place.set({"AWS_PROFILE": "gone"})

    done = place.run(*words)

    assert (done.exit, done.stdout) == (0, help_text)


def test_version_names_us_botocore_python_and_the_system(place: Place) -> None:
    """A report of a fault needs them."""
    done = place.run("--version")

    assert re.fullmatch(r"oidc-helper/\S+ Botocore/\S+ Python/\S+ \S+/\S+\n", done.stdout)
