"""Reading the file: an error says what is wrong with it, and how to mend it."""

import os
from pathlib import Path

import pytest
from settings.settings_files import COMPLETE, load, load_at, refusal, refusal_at

from oidc_helper import paths, settings


def test_a_missing_file_is_named_with_a_hint_how_to_write_it(tmp_path: Path) -> None:
    error = refusal_at(tmp_path / "config.toml")

    assert error.message == f"no configuration at {tmp_path / 'config.toml'}"
    assert error.hint.startswith("to make one: oidc-helper configure; ")
    assert "oidc-helper help config" in error.hint
    assert "oidc-helper demo" in error.hint


def test_a_path_through_a_file_is_a_missing_file(tmp_path: Path) -> None:
    """The system has another error for it than for a missing name."""
    (tmp_path / "file").touch()
    error = refusal_at(tmp_path / "file" / "config.toml")

    assert error.message == f"no configuration at {tmp_path / 'file' / 'config.toml'}"


def test_the_file_of_the_user_s_directory_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OIDC_HELPER_CONFIG it is read."""
    monkeypatch.delenv("OIDC_HELPER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = Path(paths.default_config_file())
    if not path.is_relative_to(tmp_path):
        pytest.skip("XDG_CONFIG_HOME has no say on this system")
    path.parent.mkdir()
    path.touch()

    assert settings.load().path == str(path)


def test_a_relative_path_begins_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path in force is absolute nevertheless."""
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)

    assert load_at(Path("config.toml")).path == str(tmp_path / "config.toml")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """The message says that it is not a regular file, and nobody is told to edit it."""
    error = refusal_at(tmp_path)

    assert error.message == f"{tmp_path}: is not a regular file"
    assert error.hint == "name a file with --config or OIDC_HELPER_CONFIG"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    """Reading it would block for ever."""
    os.mkfifo(tmp_path / "pipe")

    assert refusal_at(tmp_path / "pipe").message.endswith("pipe: is not a regular file")


def test_a_file_that_cannot_be_opened_is_named_with_the_system_s_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminal codes in its path are escaped."""
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
        (b'a = "x\nb = 1', " (line 1): is not TOML: a quote is not closed"),
        (b"a = 'x\nb = 1", ": is not TOML: a quote is not closed"),
        (b"a = 'x\nb = 'y'", " (line 1): is not TOML: a quote is not closed"),
        (b"[profile.x]\n[profile.x]", " (line 2): is not TOML: cannot declare [profile.x] twice"),
        (b'a = """', ": is not TOML: unterminated string"),
        (b"a = " + b"9" * 5000, ": is not TOML: exceeds the limit"),
    ],
    ids=[
        "utf-16",
        "10 MiB",
        "brackets",
        "dots",
        "nul",
        "escape",
        "quote",
        "single quote",
        "two quotes",
        "twice",
        "no end",
        "digits",
    ],
)
def test_a_file_that_is_not_toml_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    """The message has the line, where tomllib names one."""
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
def test_habits_of_other_files_get_advice_with_the_line(tmp_path: Path, line: str, advice: str) -> None:
    """They come from the AWS configuration file, shells and Windows."""
    message = refusal(tmp_path, f"# a comment\n{line}\n").message

    assert "config.toml (line 2): is not TOML: " in message
    assert message.endswith(advice)


def test_a_key_written_twice_gets_no_advice_on_quotes(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[defaults]\ndeadline_seconds = 5\ndeadline_seconds = 6\n#")

    assert error.message.endswith(" (line 3): is not TOML: cannot overwrite a value")


def test_a_name_that_reads_like_a_position_does_not_change_the_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, '["a (at line 99, column 1)"]\n["a (at line 99, column 1)"]\n')

    assert " (line 2): is not TOML: cannot declare" in error.message


def test_files_of_windows_editors_are_read_like_others(tmp_path: Path) -> None:
    """They begin with a byte order mark and have CRLF line ends."""
    loaded = load(tmp_path, b"\xef\xbb\xbf" + COMPLETE.replace("\n", "\r\n").encode())

    assert str(loaded.profile("x").origins["identity"]) == "defaults (line 6)"


def test_a_comment_of_dots_is_not_deep_nesting(tmp_path: Path) -> None:
    assert load(tmp_path, "# " + "." * 1000 + "\n").profiles == {}


def test_an_edit_while_reading_leaves_the_older_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records made from the file are then a miss later."""
    path = tmp_path / "config.toml"
    path.touch()
    take_stamp = paths.config_stamp
    before = take_stamp([str(path)])

    def edited_just_after(files: list[str]) -> str:
        stamp = take_stamp(files)
        path.write_text(COMPLETE)
        return stamp

    monkeypatch.setattr(paths, "config_stamp", edited_just_after)
    loaded = load_at(path)
    assert list(loaded.profiles) == ["x"]
    assert loaded.stamp == before
    assert loaded.stamp != take_stamp([str(path)])
