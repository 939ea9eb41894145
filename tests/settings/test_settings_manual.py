"""oidc-helper-config(5) agrees with the table of keys, and its examples work."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from settings.settings_files import load

from oidc_helper.settings.schema import KEYS, SOURCES

_PAGE = Path(__file__).parents[2] / "man" / "oidc-helper-config.5"
_TEXT = _PAGE.read_text(encoding="utf-8")
_SECTIONS = {
    "Identities": "identity",
    "Client secrets": "client_secret",
    "Profiles": "profile",
    "Callers": "caller",
    "S3 grants": "s3_grant",
    "Generated profiles": "generated",
}
_EXAMPLES = re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed\n", _TEXT, re.DOTALL)


def _items(title: str, macro: str) -> dict[str, str]:
    """The list items of a subsection: each name with its text, macros included."""
    body = re.split(r"^\.S[sh] ", _TEXT.partition(f"\n.Ss {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(rf"^\.It {macro} (\S+)\n(.*?)(?=^\.It |^\.El)", body, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(("title", "section"), _SECTIONS.items())
def test_the_page_lists_exactly_the_keys_of_each_table(title: str, section: str) -> None:
    """They stand in the table's order, and each begins with the meaning that `explain` gives."""
    items = _items(title, "Ic")

    assert list(items) == [key.name for key in KEYS[section]]
    assert {name: text.split("\n")[0] for name, text in items.items()} == {
        key.name: f"{key.meaning}." for key in KEYS[section]
    }


@pytest.mark.parametrize("section", _SECTIONS.values())
def test_the_page_names_each_default_with_its_key(section: str) -> None:
    title = next(title for title, other in _SECTIONS.items() if other == section)
    for key in KEYS[section]:
        text = _items(title, "Ic")[key.name].replace("\\(dq", '"')
        words = key.default if isinstance(key.default, tuple) else [key.default] if key.default is not None else []
        assert all(str(word) in text for word in words), key.name
        assert bool(words) <= ("default" in text), key.name


@pytest.mark.parametrize(("section", "said"), [("profile", "first four keys are"), ("s3_grant", "first two keys are")])
def test_the_keys_that_are_always_needed_come_first(section: str, said: str) -> None:
    """The page says how many they are."""
    needed = [key.required for key in KEYS[section]]

    assert needed == sorted(needed, reverse=True)
    assert {2: "two", 4: "four"}[sum(needed)] in said
    assert f"{said} needed" in _TEXT


def test_the_page_lists_exactly_the_sources() -> None:
    """Each has its meaning and the keys that it requires and takes."""
    items = _items("Identity sources", "Cm")

    assert list(items) == list(SOURCES)
    for name, source in SOURCES.items():
        assert items[name].startswith(f"{source.meaning}.\n"), name
        assert tuple(re.findall(r"^\.Ic (\S+)", items[name], re.MULTILINE)) == source.requires + source.takes, name


@pytest.mark.parametrize("example", _EXAMPLES, ids=range(1, len(_EXAMPLES) + 1))
def test_each_example_of_the_page_loads(tmp_path: Path, example: str) -> None:
    loaded = load(tmp_path, example)

    loaded.require_sound()
    assert loaded.profiles


def test_the_first_example_shows_every_kind_of_profile(tmp_path: Path) -> None:
    """A role session, a permission set, a role of account access manager, an S3 access grant, and a job."""
    profiles = load(tmp_path, _EXAMPLES[0]).profiles.values()

    assert {(profile.target, bool(profile.s3_grant)) for profile in profiles} == {
        ("role", False),
        ("role", True),
        ("permission set", False),
        ("account access", False),
    }
    assert {profile.identity.source for profile in profiles} == {"browser", "file"}


def test_mandoc_has_no_complaint() -> None:
    mandoc = shutil.which("mandoc")
    if not mandoc:
        assert os.environ.get("OIDC_HELPER_REQUIRE_ALL") != "1", "mandoc is missing"
        pytest.skip("mandoc is missing")
    linted = subprocess.run([mandoc, "-T", "lint", "-W", "warning", _PAGE], capture_output=True, text=True, check=False)

    assert linted.stdout + linted.stderr == ""
