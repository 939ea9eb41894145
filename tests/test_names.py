"""Under which names keyrings know our records: those of two configurations never meet, and each leads back."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from oidc_helper import names, paths

CORP = "corp+arn:aws:sso::123456789012:application/a@b"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the rule is for Linux")


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that the system knows for this account, and an environment that agrees with it."""
    for variable in ("OIDC_HELPER_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path)))
    return tmp_path


# OIDC_HELPER_CONFIG, kind, name -> the entry; only the account's own configuration gives short names.
ENTRIES = {
    (None, "credentials", "analytics"): "oidc-helper:credentials:analytics",
    (None, "tokens", CORP): f"oidc-helper:tokens:{CORP}",
    ("/srv/oidc.toml", "credentials", "analytics"): "oidc-helper:credentials:analytics@/srv/oidc.toml",
    ("/srv/oidc.toml", "tokens", CORP): f"oidc-helper:tokens:{CORP}@/srv/oidc.toml",
    (os.fsdecode(b"/srv/\xff.toml"), "sign-in", "corp"): "oidc-helper:sign-in:corp@/srv/\\udcff.toml",
}


@pytest.mark.parametrize(("config", "kind", "name"), ENTRIES)
def test_an_entry_is_named_and_leads_back(
    monkeypatch: pytest.MonkeyPatch, config: str | None, kind: str, name: str
) -> None:
    """To its kind and name, for the configuration that it was kept for and for no other."""
    if config:
        monkeypatch.setenv("OIDC_HELPER_CONFIG", config)
    entry = names.entry_name(kind, name)

    assert entry == ENTRIES[config, kind, name]
    assert names.kind_and_name(entry) == (kind, name)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", "/srv/other.toml")
    assert names.kind_and_name(entry) is None


@pytest.mark.parametrize("entry", ["", "oidc-helper", "oidc-helper:tokens", "other:tokens:corp"])
def test_an_entry_of_another_program_leads_nowhere(entry: str) -> None:
    """A keyring lists those too."""
    assert names.kind_and_name(entry) is None


def test_an_entry_of_another_configuration_is_not_of_the_accounts_own() -> None:
    """Though it begins like one."""
    assert names.kind_and_name("oidc-helper:tokens:corp@/srv/oidc.toml") is None


def test_naming_the_default_configuration_changes_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable set to the path that would be used anyway leads to the same records."""
    name = names.entry_name("credentials", "analytics")
    monkeypatch.setenv("OIDC_HELPER_CONFIG", paths.default_config_file())
    assert names.entry_name("credentials", "analytics") == name


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


def spellings(own: Path, other: Path, directory: Path) -> dict[str, list[str]]:
    """Each configuration by all its paths: its own, through links to it and to a directory above it."""
    (directory / "link.toml").symlink_to(own)
    (directory / "other-link.toml").symlink_to(other)
    (directory / "up").symlink_to(other.parent)
    return {
        "own": ["", str(own), "~/.config/oidc-helper/config.toml", str(directory / "link.toml")],
        "other": [str(other), "~/srv/oidc.toml", str(directory / "other-link.toml"), str(directory / "up/oidc.toml")],
    }


@linux
@pytest.mark.parametrize("user", ["has an account", "is a bare number"])
def test_a_configuration_has_one_name_by_whatever_path(
    monkeypatch: pytest.MonkeyPatch, account: Path, user: str
) -> None:
    """A second path to it was a second store: a person had to sign in once more, and logout left the first one."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    if user == "is a bare number":
        monkeypatch.setattr("pwd.getpwuid", unknown)
    own, other = Path(paths.default_config_file()), account / "srv/oidc.toml"
    for file in (own, other):
        file.parent.mkdir(parents=True)
        file.touch()
    found: dict[str, set[tuple[str, str]]] = {}
    for which, spelled in spellings(own, other, account).items():
        found[which] = set()
        for path in spelled:
            monkeypatch.setenv("OIDC_HELPER_CONFIG", path)
            found[which].add((names.entry_name("tokens", "corp"), names.configuration()))

    suffix = f"@{own}" if user == "is a bare number" else ""
    assert found == {
        "own": {(f"oidc-helper:tokens:corp{suffix}", str(own))},
        "other": {(f"oidc-helper:tokens:corp@{other}", str(other))},
    }


@linux
@pytest.mark.parametrize("which", [".config/oidc-helper/config.toml", "srv/oidc.toml"], ids=["own", "other"])
def test_a_link_that_is_moved_with_each_change_keeps_its_name(
    monkeypatch: pytest.MonkeyPatch, account: Path, which: str
) -> None:
    """It leads to a file that nobody edits, in Nix's store or a volume: nobody is to sign in after each change."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    link = account / which
    link.parent.mkdir(parents=True)
    found = set()
    for version in ("1", "2"):
        (account / version).touch()
        link.unlink(missing_ok=True)
        link.symlink_to(account / version)
        monkeypatch.setenv("OIDC_HELPER_CONFIG", str(link))
        found.add(names.entry_name("tokens", "corp"))

    assert len(found) == 1
