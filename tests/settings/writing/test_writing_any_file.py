"""Whatever the files look like: what is asked for is said afterwards, and every other line is there as it was."""

import codecs
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from botocore.configloader import load_config
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from settings.settings_files import COMPLETE, load_at

from oidc_helper.settings import writing

_ends = st.sampled_from(["\n", "\r\n"])
_marks = st.sampled_from([b"", codecs.BOM_UTF8])
_PROCESS = "/usr/bin/oidc-helper get x"


@dataclass(frozen=True)
class _Piece:
    """Some lines of a file, all of one table; what stands between tables belongs to none."""

    owner: str
    text: str


_BETWEEN = st.sampled_from(
    ["", "\n", "\n\n", "# a comment\n", "\n# a comment\n", "\n# of nobody\n\n# of the next\n", "  \n"]
)
_TOML_HEADERS = {
    "x": ["[profile.x]\n", "  [ profile . x ]  # why\n", '[profile."x"]\n'],
    "y.z": ['[profile."y.z"]\n', "[profile.'y.z']\n"],
    "w": ["[profile.w]\n"],
    "v": ["[profile.v]\n"],
}
_TOML_KEYS = {
    "region": ['region = "eu-west-1"\n', "region='eu-west-1' # here\n", '"region"   =   """\neu-\\\nwest-1"""\n'],
    "scopes": ['scopes = [\n  "[a]", # "one\n  ["b"],\n]\n', "scopes = []\n"],
    "caller": ['caller = { profile = "#b" }\n', 'caller.profile = "b"\n'],
    "path": ["path = '''\n[profile.x]\n# no comment'''\n", 'path = """\\"[q]"""\n'],
    "renew": ["\n# about renew\nrenew = true\n", "  renew = 1979-05-27\n"],
}
_VALUES = {
    "region": st.sampled_from(["eu-west-1", "us-east-1", 'a "quoted"\\\tone', "ü"]),
    "scopes": st.lists(st.sampled_from(["a", "b"]), max_size=2),
    "caller": st.sampled_from([{"profile": "b"}, {"environment": True}]),
    "renew": st.booleans(),
    "duration_seconds": st.just(1800),
}
_edits = st.none() | st.fixed_dictionaries({}, optional={key: st.none() | value for key, value in _VALUES.items()})


@st.composite
def _toml(draw: st.DrawFn) -> list[_Piece]:
    pieces = [_Piece("", draw(_BETWEEN))]
    for name in draw(st.lists(st.sampled_from(sorted(_TOML_HEADERS)), unique=True)):
        keys = draw(st.lists(st.sampled_from(sorted(_TOML_KEYS)), unique=True))
        lines = [draw(st.sampled_from(_TOML_KEYS[key])) for key in keys]
        pieces += [
            _Piece(name, draw(st.sampled_from(_TOML_HEADERS[name])) + "".join(lines)),
            _Piece("", draw(_BETWEEN)),
        ]
        if draw(st.booleans()):
            pieces.append(_Piece("", '[identity.i]\nsource = "file"\n'.replace("i]", f"{len(pieces)}]")))
    return pieces


@given(_toml(), st.dictionaries(st.sampled_from([*_TOML_HEADERS, "new"]), _edits, max_size=3), _ends, _marks)
@examples(deadline=None, database=None, max_examples=150)
def test_an_edit_changes_only_its_own_table(
    pieces: Sequence[_Piece], edits: dict[str, dict[str, Any] | None], end: str, mark: bytes
) -> None:
    """In a file of any style, every line of another table, and each line's end, stays the same."""
    text = "".join(piece.text for piece in pieces)
    content = mark + text.replace("\n", end).encode()

    new = _settings_written(content, edits)

    assert tomllib.loads(new.decode("utf-8-sig")).get("profile", {}) == _edited(tomllib.loads(text), edits)
    assert new.startswith(mark)
    assert codecs.BOM_UTF8 not in new[len(mark) :]
    assert _ends_of(new) <= {end if "\n" in text else "\n"}
    assert _is_within(_others(pieces, edits), _lines(new.decode("utf-8-sig")))


def _settings_written(content: bytes, edits: dict[str, dict[str, Any] | None]) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "config.toml")
        path.write_bytes(content)
        return writing.of_settings(str(path), {("profile", name): keys for name, keys in edits.items()}).after


def _edited(document: dict[str, Any], edits: dict[str, dict[str, Any] | None]) -> dict[str, Any]:
    profiles: dict[str, Any] = document.get("profile", {})
    for name, keys in edits.items():
        merged = profiles.pop(name, {}) | (keys or {})
        if keys is not None:
            profiles[name] = {key: value for key, value in merged.items() if value is not None}
    return profiles


_AWS_HEADERS = {
    "x": ["[profile x]\n", '[profile "x"]\n', "[profile   x] # why\n"],
    "y": ["[profile y]\n", "[profile 'y']\n"],
    "default": ["[default]\n"],
    "session s": ["[sso-session s]\n"],
    "w": ["[profile w]\n"],
}
_AWS_KEYS = {
    "region": ["region = eu-west-1\n", "Region=eu-west-1\n", "region   =   eu-west-1 # part of it\n"],
    "s3": ["s3 =\n  max_concurrent_requests = 20\n\n  addressing_style = path\n", "s3=\n\tx = 1\n"],
    "output": ["output: json\n", "output =\n", "output = a\n  b\n"],
    "comment": ["# [profile x]\n", "; cli_pager =\n", "\n", "  # indented\n"],
    "credential_process": ["credential_process = oidc-helper get old\n"],
}
_aws_edits = st.none() | st.fixed_dictionaries(
    {"credential_process": st.just(_PROCESS)},
    optional={"region": st.none() | st.sampled_from(["eu-west-1", "us-east-1"])},
)


@st.composite
def _aws(draw: st.DrawFn, *, is_unique: bool = True) -> list[_Piece]:
    pieces = [_Piece("", draw(_BETWEEN))]
    for name in draw(st.lists(st.sampled_from(sorted(_AWS_HEADERS)), unique=is_unique)):
        keys = draw(st.lists(st.sampled_from(sorted(_AWS_KEYS)), unique=True))
        lines = [draw(st.sampled_from(_AWS_KEYS[key])) for key in keys]
        pieces += [
            _Piece(name, draw(st.sampled_from(_AWS_HEADERS[name])) + "".join(lines)),
            _Piece("", draw(_BETWEEN)),
        ]
    return pieces


@given(_aws(), st.dictionaries(st.sampled_from(["x", "new"]), _aws_edits), _ends)
@examples(deadline=None, database=None, max_examples=150)
def test_any_aws_configuration(
    pieces: Sequence[_Piece], edits: dict[str, dict[str, str | None] | None], end: str
) -> None:
    """For botocore the file says the same as before but for what was asked for; all other lines are there."""
    text = "".join(piece.text for piece in pieces)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "config")
        path.write_bytes(text.replace("\n", end).encode())
        before = load_config(str(path))
        ours = "credential_process" in before["profiles"].get("x", {})
        wanted = {name: keys for name, keys in edits.items() if keys is not None or name != "x" or ours}

        new = _aws_written(directory, wanted)
        path.write_bytes(new)

        profiles = _edited({"profile": before["profiles"]}, wanted)
        assert load_config(str(path)) == before | {"profiles": profiles}
    assert _is_within(_others(pieces, wanted), _lines(new.decode()))
    assert _ends_of(new) <= {end if "\n" in text else "\n"}


@given(_aws(is_unique=False))
@examples(deadline=None, database=None, max_examples=60)
def test_any_section_may_be_there_twice(pieces: Sequence[_Piece]) -> None:
    """A new profile is added to a file in which others are there twice, as most SDKs allow; all else stays as it is."""
    text = "".join(piece.text for piece in pieces)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "config").write_text(text)

        new = _aws_written(directory, {"new": {"credential_process": _PROCESS}}).decode()

    assert new.removesuffix(f"[profile new]\ncredential_process = {_PROCESS}\n").rstrip("\n") == text.rstrip("\n")


def _aws_written(directory: str, edits: dict[str, dict[str, str | None] | None]) -> bytes:
    files = {
        "AWS_CONFIG_FILE": str(Path(directory, "config")),
        "AWS_SHARED_CREDENTIALS_FILE": str(Path(directory, "credentials")),
    }
    with mock.patch.dict("os.environ", files):
        return writing.of_aws_config(edits).after


def _ends_of(content: bytes) -> set[str]:
    return {"\r\n" if line.endswith("\r") else "\n" for line in content.decode().split("\n")[:-1]}


def _others(pieces: Sequence[_Piece], edits: dict[str, Any]) -> list[str]:
    """The lines that belong to no edited table; of a removed one its comment may go too."""
    kept = (piece for piece in pieces if piece.owner not in edits)
    removes = None in edits.values()
    return [line for piece in kept for line in _lines(piece.text) if not (removes and line.startswith("#"))]


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _is_within(some: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether all of some are among the lines, in the same order."""
    rest: Iterator[str] = iter(lines)
    return all(line in rest for line in some)


@given(st.sampled_from(["", "\n", "# mine\n"]), st.sampled_from([1800, 3600]))
@examples(deadline=None, database=None, max_examples=10)
def test_what_is_set_is_what_is_loaded(end: str, seconds: int) -> None:
    """Our own reader finds what was written."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "config.toml")
        path.write_text(COMPLETE + end)
        role = "arn:aws:iam::123456789012:role/other"
        tables: writing.Tables = {
            ("profile", "y.z"): {"role_arn": role, "duration_seconds": seconds, "caller": {"profile": "base"}}
        }
        path.write_bytes(writing.of_settings(str(path), tables).after)

        profile = load_at(path).profile("y.z")

    assert (profile.role_arn, profile.duration_seconds, profile.caller.profile) == (role, seconds, "base")
