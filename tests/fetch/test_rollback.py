"""An older version meets what a newer one left: a miss, never an error, and logout removes it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.sign_ins import Desk, desk
from homes import Home

from oidc_helper import record
from oidc_helper.emulator import Emulator
from oidc_helper.store import parts

pytestmark = pytest.mark.usefixtures("whole_processes")


@pytest.fixture
def signed_in(home: Home, emulator: Emulator) -> Desk:
    """Everything is kept: provider session, tokens and credentials, all in one keyring."""
    made = desk(home, emulator)
    home.environment["OIDC_HELPER_KERNEL_KEYRING"] = "off"
    made.log_in("analytics")
    home.get("analytics")
    return made


def newer_json(text: str) -> str:
    """Another version of a record that is JSON, with a field that we do not know."""
    stored = json.loads(text)
    return json.dumps({**stored, "version": stored["version"] + 1, "added": ["later"]})


def newer_credentials(text: str) -> str:
    """Another version in the header, under a checksum that fits."""
    header, _, body = text.partition("\n")
    header = header.rpartition(" ")[0].replace(record.VERSION, "2", 1)
    return f"{header} {record._checksum(header.encode(), body.encode())}\n{body}"


def rewrite(path: Path, kind: str, newer: Callable[[str], str]) -> int:
    """Put another version in place of each record of that kind; how many there were."""
    kept: dict[str, str] = json.loads(path.read_text())
    found = [name for name in kept if f"oidc-helper:{kind}:" in name]
    for name in found:
        text = parts.unseal(kept[name])
        assert text is not None
        kept[name] = parts.seal(newer(text))
    path.write_text(json.dumps(kept))
    return len(found)


def newer_envelopes(path: Path) -> None:
    """Another version in front of everything that is kept."""
    kept: dict[str, str] = json.loads(path.read_text())
    path.write_text(json.dumps({name: f"2{sealed[1:]}" for name, sealed in kept.items()}))


def newer_index(home: Home) -> None:
    (index,) = home.path.rglob("index.json")
    index.write_text(newer_json(index.read_text()))


def kinds(desk: Desk) -> set[str]:
    return {name.partition(":")[0] for name in desk.kept()}


def test_newer_credentials_are_a_miss(signed_in: Desk) -> None:
    """The tokens, which this version knows, give new ones; no person is needed."""
    before = signed_in.home.get("analytics")

    assert rewrite(signed_in.home.path / "keyring.json", "credentials", newer_credentials) >= 1
    after = signed_in.home.get("analytics")

    assert after["AccessKeyId"] != before["AccessKeyId"]
    assert signed_in.home.get("analytics") == after


def test_newer_tokens_are_a_miss(signed_in: Desk) -> None:
    """The session at the provider, which this version knows, gives new ones."""
    assert rewrite(signed_in.home.path / "keyring.json", "tokens", newer_json) >= 1

    assert signed_in.home.run("get", "analytics", "--refresh").returncode == 0


def test_a_newer_index_is_no_loss(signed_in: Desk) -> None:
    """The records are found by their names."""
    before = signed_in.home.get("analytics")
    newer_index(signed_in.home)

    assert signed_in.home.get("analytics") == before
    assert signed_in.home.run("status").returncode == 0


def test_after_a_rollback_from_other_records_altogether_a_person_signs_in_once(signed_in: Desk) -> None:
    """The command to type is named, and works; the way forward again is the same."""
    newer_envelopes(signed_in.home.path / "keyring.json")
    newer_index(signed_in.home)

    refused = signed_in.home.run("get", "analytics")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "oidc-helper login analytics" in refused.stderr

    signed_in.log_in("analytics")
    assert signed_in.home.get("analytics")["Version"] == 1


@pytest.mark.parametrize("with_index", [True, False])
def test_logout_removes_what_a_newer_version_left(signed_in: Desk, *, with_index: bool) -> None:
    """By their names, though it cannot read them; also where the index is a newer one too."""
    newer_envelopes(signed_in.home.path / "keyring.json")
    if not with_index:
        newer_index(signed_in.home)

    signed_in.home.run("logout", "--all")

    assert kinds(signed_in) == set()
