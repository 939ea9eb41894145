"""Where the configuration and the state lie, and under which names the keyrings know our records."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import platformdirs
import pytest

from oidc_helper import names, paths, settings
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
    monkeypatch.setattr(platformdirs, "user_state_dir", asked)
    monkeypatch.setattr(platformdirs, "user_config_dir", asked)
    with pytest.raises(FileNotFoundError, match="no home directory"):
        paths.state_directory()
    with pytest.raises(FileNotFoundError, match="no home directory"):
        paths.config_file()
    assert index.read() == index.Index()
    with pytest.raises(StoreUnusable, match="no home directory"):
        index.update(lambda before: replace(before, notices={"x": 1}))
    with pytest.raises(WrongSettings, match="no home directory"):
        settings.load()


def test_a_named_configuration_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file is meant after a change of directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "other.toml")
    assert paths.config_file() == str(tmp_path / "other.toml")


def test_the_accounts_own_configuration_gives_short_names() -> None:
    """What a user sees in the keyring's own program."""
    assert names.entry_name("credentials", "analytics") == "oidc-helper:credentials:analytics"


def test_naming_the_default_configuration_changes_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable set to what would be used anyway leads to the same records."""
    name = names.entry_name("credentials", "analytics")
    monkeypatch.setenv("OIDC_HELPER_CONFIG", paths.default_config_file())
    assert names.entry_name("credentials", "analytics") == name


def test_another_configuration_has_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by our variable."""
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "/srv/app/oidc.toml")
    assert names.entry_name("credentials", "analytics") == "oidc-helper:credentials:analytics@/srv/app/oidc.toml"


@linux
@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME"])
def test_another_home_has_names_of_its_own(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The keyring belongs to the account: a second home of the same user is another configuration."""
    monkeypatch.setenv(variable, "/srv/app")
    name = names.entry_name("credentials", "analytics")
    assert name == f"oidc-helper:credentials:analytics@{paths.default_config_file()}"
    assert "/srv/app/" in name


@linux
def test_a_user_without_an_account_has_full_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that runs under a bare number any home could be the one."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert names.entry_name("tokens", "corp").endswith(f"@{paths.default_config_file()}")


def test_names_can_always_be_encoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Paths may hold any bytes, D-Bus and the kernel want text."""
    monkeypatch.setenv("OIDC_HELPER_CONFIG", os.fsdecode(os.fsencode(tmp_path) + b"/\xff.toml"))
    assert names.entry_name("tokens", "corp").encode().endswith(b"/\\udcff.toml")


@pytest.mark.parametrize("config", [None, "/srv/app/oidc.toml", os.fsdecode(b"/srv/\xff.toml")])
def test_names_lead_back(monkeypatch: pytest.MonkeyPatch, config: str | None) -> None:
    """What a keyring lists is known again by the configuration that it was kept for, and by no other."""
    if config:
        monkeypatch.setenv("OIDC_HELPER_CONFIG", config)
    entry = names.entry_name("tokens", "corp+arn:aws:sso::123456789012:application/a@b")
    assert names.kind_and_name(entry) == ("tokens", "corp+arn:aws:sso::123456789012:application/a@b")
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "/srv/other.toml")
    assert names.kind_and_name(entry) is None


@pytest.mark.parametrize("entry", ["", "oidc-helper", "oidc-helper:tokens", "other:tokens:corp"])
def test_names_of_others(entry: str) -> None:
    """Nothing of another program is taken for ours."""
    assert names.kind_and_name(entry) is None


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """Its time to the nanosecond, or its size; no file is an error."""
    file = tmp_path / "config.toml"
    with pytest.raises(FileNotFoundError):
        paths.config_stamp(str(file))
    file.write_text("one")
    os.utime(file, ns=(1, 1))
    first = paths.config_stamp(str(file))
    os.utime(file, ns=(1, 2))
    assert paths.config_stamp(str(file)) != first
    file.write_text("longer")
    os.utime(file, ns=(1, 1))
    assert paths.config_stamp(str(file)) != first
