"""Where the configuration and the state lie, and the stamp of a configuration."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import platformdirs
import pytest

from oidc_helper import paths, settings
from oidc_helper.errors import StoreUnusable, WrongSettings
from oidc_helper.store import index

linux = pytest.mark.skipif(sys.platform != "linux", reason="the rule is for Linux")


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that the system knows for this account, and an environment that agrees with it."""
    for variable in (
        *("OIDC_HELPER_CONFIG", "OIDC_HELPER_SITE_CONFIG"),
        *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_STATE_HOME"),
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path)))
    return tmp_path


@pytest.mark.parametrize("xdg", [None, "", "/elsewhere", "relative", "/twice//"])
def test_files_lie_where_platformdirs_says(monkeypatch: pytest.MonkeyPatch, xdg: str | None) -> None:
    """Worked out without its import, to the same result."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        if xdg is not None:
            monkeypatch.setenv(variable, xdg)
    config = platformdirs.user_config_path("oidc-helper", appauthor=False) / "config.toml"
    assert Path(paths.default_config_file()) == config
    assert Path(paths.state_directory()) == platformdirs.user_state_path("oidc-helper", appauthor=False)


@linux
@pytest.mark.parametrize(
    "xdg", [None, "", "/elsewhere", "/first:/second", "relative", "relative:/second", "/twice//:/twice", ":/x:"]
)
def test_files_of_the_site_lie_where_platformdirs_says(monkeypatch: pytest.MonkeyPatch, xdg: str | None) -> None:
    """In the order in which they have the word."""
    if xdg is not None:
        monkeypatch.setenv("XDG_CONFIG_DIRS", xdg)
    directories = platformdirs.site_config_dir("oidc-helper", appauthor=False, multipath=True).split(":")
    expected = [os.path.normpath(f"{directory}/config.toml") for directory in directories]

    assert list(dict.fromkeys(paths.site_config_files())) == list(dict.fromkeys(expected))


@pytest.mark.parametrize(
    ("system", "directories", "files"),
    [
        ("darwin", "/opt/homebrew/share/x:/Library/Application Support/x", 2),
        ("win32", "C:\\ProgramData;1\\x", 1),
    ],
)
def test_on_other_systems_platformdirs_is_asked(
    monkeypatch: pytest.MonkeyPatch, system: str, directories: str, files: int
) -> None:
    """A directory of Windows may have a semicolon in its name."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platformdirs, "site_config_dir", lambda *_, **__: directories)

    found = paths.site_config_files()

    assert len(found) == files
    assert found[-1] == f"{directories.rpartition(':')[2] if files > 1 else directories}/config.toml"


@pytest.mark.parametrize(("named", "expected"), [("", []), ("~/site.toml", ["{home}/site.toml"]), ("/a", ["/a"])])
def test_the_variable_names_another_file_of_the_site_or_none(
    monkeypatch: pytest.MonkeyPatch, account: Path, named: str, expected: list[str]
) -> None:
    monkeypatch.setenv("OIDC_HELPER_SITE_CONFIG", named)

    assert paths.site_config_files() == [path.format(home=account) for path in expected]


def test_without_a_home_platformdirs_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without HOME still finds the account's files."""
    monkeypatch.delenv("HOME")
    config = platformdirs.user_config_path("oidc-helper", appauthor=False) / "config.toml"
    assert Path(paths.default_config_file()) == config


@linux
@pytest.mark.parametrize("answer", [RuntimeError(), "~/.local/state/oidc-helper"], ids=["of today", "before"])
def test_nobody_without_a_home_gets_a_directory_named_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str | Exception
) -> None:
    """A container's nameless user without HOME has no state and no configuration of its own; that is all."""

    def asked(*_: object, **__: object) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.delenv("HOME")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/nowhere")
    monkeypatch.setattr(platformdirs, "user_state_dir", asked)
    monkeypatch.setattr(platformdirs, "user_config_dir", asked)
    with pytest.raises(FileNotFoundError, match="no home directory"):
        paths.state_directory()
    with pytest.raises(FileNotFoundError, match="no home directory"):
        paths.config_file()
    assert index.read() == index.Index()
    with pytest.raises(StoreUnusable, match="no home directory"):
        index.update(lambda before: replace(before, spent={"x": 1}))
    with pytest.raises(WrongSettings, match="no home directory"):
        settings.load()


def test_the_path_of_a_named_configuration_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the same file after a change of directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "other.toml")
    assert paths.config_file() == str(tmp_path / "other.toml")


@pytest.mark.parametrize("home", ["HOME", "account"])
def test_a_tilde_in_the_variable_is_the_home(monkeypatch: pytest.MonkeyPatch, account: Path, home: str) -> None:
    """No shell has replaced it in a file of variables, or in --config=~/other.toml."""
    if home == "account":
        monkeypatch.delenv("HOME")
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "~/other.toml")
    assert paths.config_file() == str(account / "other.toml")


@linux
def test_a_tilde_without_a_home_is_no_directory_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is that of a user without a home."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "~/other.toml")
    with pytest.raises(WrongSettings, match="no home directory"):
        settings.load()


def restored(file: Path) -> None:
    """As by Nix, rsync -t, cp -p and a backup: a new file, as long and as old as the former."""
    before = file.stat()
    copy = file.with_suffix(".new")
    copy.write_text("two")
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(file)


def edited(file: Path) -> None:
    """In its place, as long and as old as before; the system's clock of files may need some tries to go on."""
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:
        file.write_text("two")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def touched(file: Path) -> None:
    os.utime(file, ns=(1, 1))


def lengthened(file: Path) -> None:
    file.write_text("longer")


@pytest.mark.parametrize("change", [restored, edited, touched, lengthened])
@pytest.mark.parametrize("position", [0, 1])
def test_any_change_of_any_file_changes_the_stamp(
    tmp_path: Path, change: Callable[[Path], None], position: int
) -> None:
    """Credentials of the former account were served where size and time had stayed."""
    files = [tmp_path / "site.toml", tmp_path / "config.toml"]
    for file in files:
        file.write_text("one")
    before = paths.config_stamp(list(map(str, files)))

    change(files[position])

    after = paths.config_stamp(list(map(str, files)))
    assert after != before
    assert " " not in after, "it is a field of a record's header"


def test_a_file_that_comes_or_goes_changes_the_stamp(tmp_path: Path) -> None:
    """Directories that have none, of which a desktop session names more than a cron job, do not."""
    site, user, missing = (str(tmp_path / name) for name in ("site.toml", "config.toml", "missing.toml"))
    Path(user).touch()
    alone = paths.config_stamp([user, site])
    Path(site).touch()
    both = paths.config_stamp([user, site])
    Path(user).unlink()

    assert len({alone, both, paths.config_stamp([user, site])}) == 3
    assert paths.config_stamp([missing, site]) == paths.config_stamp([site])


def test_without_any_file_there_is_no_stamp(tmp_path: Path) -> None:
    """It is an error, which the caller tells apart from an edit."""
    with pytest.raises(FileNotFoundError):
        paths.config_stamp([str(tmp_path / "config.toml")])
