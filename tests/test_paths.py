"""Where the configuration and the state lie, and the stamp of a configuration."""

import os
import sys
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
    for variable in ("OIDC_HELPER_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
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


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """With its time to the nanosecond, and with its size."""
    file = tmp_path / "config.toml"
    stamps = set()
    for text, mtime_ns in (("one", 1), ("one", 2), ("longer", 1)):
        file.write_text(text)
        os.utime(file, ns=(1, mtime_ns))
        stamps.add(paths.config_stamp(str(file)))

    assert len(stamps) == 3


def test_a_missing_file_has_no_stamp(tmp_path: Path) -> None:
    """It is an error, which the caller tells apart from an edit."""
    with pytest.raises(FileNotFoundError):
        paths.config_stamp(str(tmp_path / "config.toml"))
