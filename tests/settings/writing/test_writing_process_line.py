"""The line of credential_process: every SDK finds the command, and reads the same words."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.compat import compat_shell_split

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.reentry import is_ours
from oidc_helper.settings import writing
from oidc_helper.settings.writing.process_line import without_blanks

_POSIX = {
    "/usr/local/bin/oidc-helper": "/usr/local/bin/oidc-helper get x",
    "/home/me+you@corp/oidc-helper": "/home/me+you@corp/oidc-helper get x",
    "/Users/A B/bin/oidc-helper": "'/Users/A B/bin/oidc-helper' get x",
    "/it's/oidc-helper": r"'/it'\''s/oidc-helper' get x",
    "/a/$HOME/oidc-helper": "'/a/$HOME/oidc-helper' get x",
    "/a/*|~/oidc-helper": "'/a/*|~/oidc-helper' get x",
    '/a"b/oidc-helper': "'/a\"b/oidc-helper' get x",
    "/Benützer/oidc-helper": "'/Benützer/oidc-helper' get x",
}
_WINDOWS = {
    r"C:\Python\Scripts\oidc-helper.exe": r"C:\Python\Scripts\oidc-helper.exe get x",
    r"C:\PROGRA~1\oidc-helper.exe": r"C:\PROGRA~1\oidc-helper.exe get x",
    r"C:\Program Files\oidc-helper.exe": r'"C:\Program Files\oidc-helper.exe" get x',
    r"C:\R&D\oidc-helper.exe": r'"C:\R&D\oidc-helper.exe" get x',
}


@pytest.mark.parametrize("path", _POSIX)
def test_a_posix_line_is_read_by_shells_and_by_botocore(path: str) -> None:
    """Single quotes are what the SDKs for Go leave alone."""
    line = writing.credential_process([path], "x", windows=False)

    assert line == _POSIX[path]
    assert shlex.split(line) == [path, "get", "x"]
    shell = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True)
    assert shell.stdout.split("\n")[:3] == [path, "get", "x"]
    assert is_ours(line)


@pytest.mark.parametrize("path", _WINDOWS)
def test_a_windows_line_has_double_quotes_only_if_it_needs_them(path: str) -> None:
    """No other quotes work there."""
    line = writing.credential_process([path], "x", windows=True)

    assert line == _WINDOWS[path]
    assert compat_shell_split(line, platform="win32") == [path, "get", "x"]
    assert is_ours(line)


def test_windows_path_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs for Go and Rust read no quotes on Windows: a short path or the bare name needs none."""
    path, short = r"C:\Program Files\oidc-helper.exe", r"C:\PROGRA~1\oidc-helper.exe"
    monkeypatch.setattr(shutil, "which", {"oidc-helper.exe": path}.get)

    assert without_blanks(r"C:\oidc-helper.exe", str) == r"C:\oidc-helper.exe"
    assert without_blanks(path, {path: short}.__getitem__) == short
    assert without_blanks(path, str) == "oidc-helper.exe"
    monkeypatch.setattr(shutil, "which", {}.get)
    assert without_blanks(path, str) == path


@pytest.mark.parametrize(
    ("path", "windows"),
    [
        ("/a #b/oidc-helper", False),  # a comment for all but botocore
        ("/a;b/oidc-helper", False),
        ("/a#b/oidc-helper", False),  # cut by the SDK for C++
        ("/a[b]/oidc-helper", False),  # likewise, and the profile is lost
        ("/a=-b/oidc-helper", False),  # the key is dropped by the SDKs for Go
        ("/a\nb/oidc-helper", False),
        (r"C:\%USER%\oidc-helper.exe", True),  # cmd.exe puts the variable in, quoted or not
        ('C:\\"\\oidc-helper.exe', True),
        ("C:\\a b\\", True),  # botocore takes the quote behind it for a character
    ],
)
def test_path_that_some_sdk_misreads(path: str, windows: bool) -> None:  # noqa: FBT001 - the table's column
    """A path that no quotes protect in every SDK is refused with advice."""
    with pytest.raises(WrongSettings, match="some SDK misreads") as caught:
        writing.credential_process([path], "x", windows=windows)

    assert caught.value.message.isprintable()
    assert "install oidc-helper in" in caught.value.hint


def test_program_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by its bare name, the command is written with its path; the link that upgrades renew stays."""
    real = tmp_path / "1.0" / "oidc-helper"
    real.parent.mkdir()
    real.touch(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "oidc-helper").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "argv", ["oidc-helper", "configure"])

    assert writing.running_program() == (str(tmp_path / "bin" / "oidc-helper"),)


def test_program_by_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path would lead elsewhere from another directory."""
    (tmp_path / "oidc-helper").touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["./oidc-helper"])

    assert writing.running_program() == (str(tmp_path / "oidc-helper"),)


def test_program_as_a_module(tmp_path: Path) -> None:
    """Run by python -m, it is written so, and a package of the same name where the SDK runs is not taken for ours."""
    words = "import sys; from oidc_helper.settings import writing; sys.argv[0] = 'x/oidc_helper/__main__.py'\n"
    words += "print(writing.credential_process(writing.running_program(), 'x', windows=False))"
    line = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "oidc_helper").mkdir()
    (tmp_path / "oidc_helper" / "__main__.py").write_text("print('the wrong one')")

    answer = subprocess.run(
        shlex.split(line.replace("get x", "--version")), cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert is_ours(line)
    assert "oidc-helper" in answer.stdout
