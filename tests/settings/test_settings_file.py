"""Reading the file: what is no configuration at all says so, and how to mend it."""

import os
from pathlib import Path

import pytest
from settings.settings_files import COMPLETE, load, load_at, refusal, refusal_at

from oidc_helper import paths, settings


def test_missing_file(tmp_path: Path) -> None:
    """Without a configuration, the message names the path and the hint says how to write one."""
    error = refusal_at(tmp_path / "config.toml")
    assert error.message == f"no configuration at {tmp_path / 'config.toml'}"
    assert "oidc-helper-config(5)" in error.hint
    assert "oidc-helper demo" in error.hint


def test_path_through_a_file(tmp_path: Path) -> None:
    """A path through something that is no directory is a missing configuration too."""
    (tmp_path / "file").touch()
    error = refusal_at(tmp_path / "file" / "config.toml")
    assert error.message == f"no configuration at {tmp_path / 'file' / 'config.toml'}"


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OIDC_HELPER_CONFIG, the file of the user's configuration directory is read."""
    monkeypatch.delenv("OIDC_HELPER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = Path(paths.default_config_file())
    if not path.is_relative_to(tmp_path):
        pytest.skip("XDG_CONFIG_HOME has no say on this system")
    path.parent.mkdir()
    path.touch()
    assert settings.load().path == str(path)


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OIDC_HELPER_CONFIG may be relative to the working directory; what is reported is absolute."""
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert load_at(Path("config.toml")).path == str(tmp_path / "config.toml")


def test_directory(tmp_path: Path) -> None:
    """A directory in the file's place is named as what it is not."""
    assert refusal_at(tmp_path).message == f"{tmp_path}: is not a regular file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe(tmp_path: Path) -> None:
    """A named pipe is refused, for reading it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert refusal_at(tmp_path / "pipe").message.endswith("pipe: is not a regular file")


def test_name_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses to open is told with the system's reason, and the path's terminal codes are escaped."""
    monkeypatch.chdir("/")
    message = refusal_at(Path("\x1b" + "x" * 260)).message
    assert "\\x1bxxx" in message
    assert message.endswith("x: cannot be read: file name too long")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe[\x00d\x00", ": is not UTF-8 text"),
        (b"#" * 10_485_760, ": is larger than 1,048,576 bytes"),
        (b"a = " + b"[" * 100_000, ": is nested too deeply"),
        (b".".join([b"a"] * 100_000) + b" = 1", ": is nested too deeply"),
        (b"\n\na = '\0'", " (line 3): is not TOML: found invalid character '\\x00'"),
        (b"a = '\x1b[2J'", " (line 1): is not TOML: found invalid character '\\x1b'"),
        (b'a = """', ": is not TOML: unterminated string"),
        (b"a = " + b"9" * 5000, ": is not TOML: exceeds the limit"),
    ],
    ids=["utf-16", "10 MiB", "brackets", "dots", "nul", "escape", "no end", "digits"],
)
def test_not_toml(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whatever is not TOML is refused with the reason, and with the line where it has one."""
    assert refusal(tmp_path, content).message.startswith(f"{tmp_path / 'config.toml'}{reason}")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("[profile analytics]", "write the name after a dot, as in [profile.analytics]"),
        ("region = eu-west-1", "put text in quotes"),
        ("account_id = 012345678901", "put the account id in quotes"),
        (r'path = "C:\Users\me\token"', "put text with backslashes in 'single quotes'"),
        (r'path = "C:\dir"', "put text with backslashes in 'single quotes'"),
    ],
)
def test_advice_on_syntax(tmp_path: Path, line: str, advice: str) -> None:
    """Habits from the AWS configuration file, shells and Windows get advice with the line."""
    message = refusal(tmp_path, f"# a comment\n{line}\n").message
    assert "config.toml (line 2): is not TOML: " in message
    assert message.endswith(advice)


def test_key_written_twice(tmp_path: Path) -> None:
    """A key that stands twice gets no advice on quotes."""
    error = refusal(tmp_path, "[defaults]\ndeadline_seconds = 5\ndeadline_seconds = 6\n#")
    assert error.message.endswith(" (line 3): is not TOML: cannot overwrite a value")


def test_names_with_positions_in_them(tmp_path: Path) -> None:
    """A name that reads like a position in the file does not mislead about the line."""
    error = refusal(tmp_path, '["a (at line 99, column 1)"]\n["a (at line 99, column 1)"]\n')
    assert " (line 2): is not TOML: cannot declare" in error.message


def test_windows_editors(tmp_path: Path) -> None:
    """A byte order mark and CRLF line ends, as Windows editors write them, are read like others."""
    loaded = load(tmp_path, b"\xef\xbb\xbf" + COMPLETE.replace("\n", "\r\n").encode())
    assert loaded.profile("x").origins["identity"] == "defaults (line 6)"


def test_dotted_comment(tmp_path: Path) -> None:
    """A line of dots in a comment is no deep nesting."""
    assert load(tmp_path, "# " + "." * 1000 + "\n").profiles == {}


def test_edit_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit between stamping and reading leaves the older stamp, so that what was made of it misses later."""
    path = tmp_path / "config.toml"
    path.touch()
    take_stamp = paths.config_stamp
    before = take_stamp(str(path))

    def edited_just_after(path_text: str) -> str:
        stamp = take_stamp(path_text)
        path.write_text(COMPLETE)
        return stamp

    monkeypatch.setattr(paths, "config_stamp", edited_just_after)
    loaded = load_at(path)
    assert list(loaded.profiles) == ["x"]
    assert loaded.stamp == before
    assert loaded.stamp != take_stamp(str(path))
