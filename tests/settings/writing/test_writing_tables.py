"""Tables of our configuration: where changes stand, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from oidc_helper.errors import WrongSettings
from oidc_helper.settings import writing

_PLACE = "config.toml"


def written(directory: Path, text: str, tables: writing.Tables) -> str:
    (directory / _PLACE).write_text(text)
    return writing.of_settings(str(directory / _PLACE), tables).after.decode()


def refusal(directory: Path, text: str, tables: writing.Tables) -> WrongSettings:
    with pytest.raises(WrongSettings) as caught:
        written(directory, text, tables)
    assert caught.value.message.isprintable()
    assert caught.value.hint
    return caught.value


def test_a_new_file_says_whose_it_is(tmp_path: Path) -> None:
    """It begins with a line that says so; names that are no bare keys of TOML are quoted."""
    tables: writing.Tables = {
        ("identity", "corp"): {"source": "browser", "scopes": ["openid", "email"]},
        ("profile", "team.a"): {"generated": True, "caller": {"profile": 'a"b'}, "region": None},
    }
    change = writing.of_settings(str(tmp_path / _PLACE), tables)

    assert change.before is None
    assert change.after.decode() == (
        "# Settings of oidc-helper; the man page oidc-helper-config(5) tells every key.\n\n"
        '[identity.corp]\nsource = "browser"\nscopes = ["openid", "email"]\n\n'
        '[profile."team.a"]\ngenerated = true\ncaller = {profile = "a\\"b"}\n'
    )


def test_a_new_table_follows_the_last_of_its_kind(tmp_path: Path) -> None:
    """Comments stay with the tables that they belong to."""
    text = '[profile.a]\nregion = "r"\n# region = "s"\n\n# of b\n[identity.b]\nsource = "x"\n'

    assert written(tmp_path, text, {("profile", "new"): {}}) == (
        '[profile.a]\nregion = "r"\n# region = "s"\n\n[profile.new]\n\n# of b\n[identity.b]\nsource = "x"\n'
    )


def test_inline_table_stays_inline(tmp_path: Path) -> None:
    """An inline table is replaced where it stands; the comment behind the next table stays with that table."""
    text = '[defaults]\ncaller = { profile = "a" } # why\n\n# of b\n[profile.b]\n'

    assert written(tmp_path, text, {("defaults",): {"caller": {"environment": True}}}) == (
        "[defaults]\ncaller = {environment = true} # why\n\n# of b\n[profile.b]\n"
    )


def test_table_with_a_header_of_its_own(tmp_path: Path) -> None:
    """A key that is written as a table of its own becomes the inline one."""
    text = '[profile.a]\nregion = "r"\n\n[profile.a.caller]\nprofile = "x"\n\n[profile.b]\n'

    new = written(tmp_path, text, {("profile", "a"): {"caller": {"profile": "y"}}})

    assert new == '[profile.a]\nregion = "r"\ncaller = {profile = "y"}\n\n[profile.b]\n'


def test_lines_that_end_differently(tmp_path: Path) -> None:
    """In a file that two systems have edited, each line keeps its own end."""
    text = b"[profile.a]\r\nregion = 'r'\n# of b\r\n[profile.b]\n"
    (tmp_path / _PLACE).write_bytes(text)

    planned = writing.of_settings(str(tmp_path / _PLACE), {("profile", "b"): {"region": "s"}})

    assert planned.after == text + b'region = "s"\n'


def test_a_removed_table_takes_its_comment_along(tmp_path: Path) -> None:
    """Its subtables go too; a comment whose table is not certain stays."""
    text = '# head\n\n# of a\n[profile.a]\n[profile.a.caller]\nprofile = "x"\n# of whom\n\n# of b\n[profile.b]\n'

    assert written(tmp_path, text, {("profile", "a"): None}) == "# head\n# of whom\n\n# of b\n[profile.b]\n"


def test_added_and_removed(tmp_path: Path) -> None:
    """What is added and removed again leaves nothing."""
    text = "[profile.a]\nrenew = 'ahead'\n"
    more = written(tmp_path, text, {("profile", "b"): {"region": "r"}})

    assert written(tmp_path, more, {("profile", "b"): None}) == text


def test_a_value_that_is_there_is_no_change(tmp_path: Path) -> None:
    """However it is written."""
    text = "[profile.a]\nscopes=[ 'a' , # why\n 'b' ]\nduration_seconds = 3_600\n"

    assert (
        written(tmp_path, text, {("profile", "a"): {"scopes": ["a", "b"], "duration_seconds": 3600, "x": None}}) == text
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('profile = { a = { region = "r" } }\n', 1),
        ('[profile]\n\na.region = "r"\n', 3),
        ('profile.a.region = "r"\n', 1),
        ('[[profile.a]]\nregion = "r"\n', 1),
    ],
)
@pytest.mark.parametrize("values", [{"region": "s"}, None])
def test_table_without_a_header(tmp_path: Path, text: str, line: int, values: Any) -> None:
    """A table that is written in another form than under its header is left to a person."""
    if values is None and text.startswith("[["):
        assert written(tmp_path, text, {("profile", "a"): None}) == ""
        return
    error = refusal(tmp_path, text, {("profile", "a"): values})

    assert error.message.startswith(f"{tmp_path / _PLACE} (line {line}): profile.a has no header of its own")


def test_a_file_that_is_not_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    """The advice is that of reading the file."""
    error = refusal(tmp_path, "[profile.a]\nregion = eu-west-1\n", {("profile", "b"): {}})

    assert error.message.startswith(f"{tmp_path / _PLACE} (line 2): is not TOML")
    assert "put text in quotes" in error.message


def test_no_file_is_written_that_is_too_large_to_read(tmp_path: Path) -> None:
    assert "would become larger" in refusal(tmp_path, "", {("profile", "a"): {"region": "r" * 1_100_000}}).message


def test_two_thousand_profiles(tmp_path: Path) -> None:
    """A generated file of 2,000 profiles is made and changed, in any order of its tables."""
    tables: writing.Tables = {("profile", f"a-{number}"): {"account_id": f"{number:012}"} for number in range(2000)}
    text = written(tmp_path, "[defaults]\n", tables)

    new = written(tmp_path, text, {("profile", "a-999"): {"region": "r"}, ("profile", "a-5"): None})

    assert new == text.replace('000000000999"\n', '000000000999"\nregion = "r"\n').replace(
        '\n[profile.a-5]\naccount_id = "000000000005"\n', ""
    )


def test_a_renamed_table_stays_at_its_place(tmp_path: Path) -> None:
    """So do the tables below it; two tables may swap their names."""
    text = '# of a\n[ profile.a ] # why\nx = 1\n[profile.a.caller]\nprofile = "b"\n\n[profile."b.c"]\ny = 2\n'
    (tmp_path / _PLACE).write_text(text)
    renamed: dict[tuple[str, ...], tuple[str, ...]] = {
        ("profile", "a"): ("profile", "b.c"),
        ("profile", "b.c"): ("profile", "a"),
    }
    change = writing.of_settings(str(tmp_path / _PLACE), {("profile", "a"): {"z": 3}}, renamed)

    assert change.after.decode() == (
        '# of a\n[profile."b.c"] # why\nx = 1\n[profile."b.c".caller]\nprofile = "b"\n\n[profile.a]\ny = 2\nz = 3\n'
    )


@pytest.mark.parametrize(
    "text", ["[profile]\na = { x = 1 }\n", "profile.a.x = 1\n", "[profile.a]\nx = 1\n[profile.b]\nx = 1\n"]
)
def test_table_that_cannot_be_renamed(tmp_path: Path, text: str) -> None:
    """One without a header, and one whose new name is there already."""
    (tmp_path / _PLACE).write_text(text)
    with pytest.raises(WrongSettings, match=r"profile\.a"):
        writing.of_settings(str(tmp_path / _PLACE), {}, {("profile", "a"): ("profile", "b")})
