"""What every kind of machine keeps for us, whatever its keyrings: each test runs on all of them."""

import os
import time
from pathlib import Path

import pytest
from fakes.places import Place

from oidc_helper import kernel, record
from oidc_helper.machine import private_files
from oidc_helper.store import index, parts
from oidc_helper.store.kinds import CREDENTIALS, TOKENS
from oidc_helper.store.places import name_of
from oidc_helper.store.store import Store

HOUR_S = 3_600
LONG = "".join(f"{number:x}." for number in range(3_000))  # 12 kB: several JWTs of a user in many groups


def in_an_hour() -> int:
    return int(time.time()) + HOUR_S


def credentials(body: str = '{"Version":1}') -> str:
    return record.compose(
        body, serve_until=in_an_hour(), stamp="1+1", renew_from=in_an_hour() - 60, expires_at=in_an_hour()
    )


def test_what_is_kept_is_found_by_the_next_process(place: Place) -> None:
    """Records of both kinds come back as they were, from the places that `status` names."""
    text = credentials()
    assert Store().put(CREDENTIALS, "analytics", text, expires_at=in_an_hour()) == place.credentials
    assert Store().put(TOKENS, "corp", LONG, expires_at=None) == place.tokens
    assert Store().get(CREDENTIALS, "analytics") == text
    assert Store().get(TOKENS, "corp") == LONG
    assert Store().where(CREDENTIALS).startswith(name_of(place.credentials))
    assert Store().where(TOKENS).startswith(name_of(place.tokens))


@pytest.mark.usefixtures("place")
def test_a_record_has_its_name_in_the_index_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is killed in between leaves a name too many, and never a secret that no logout finds."""
    named: list[bool] = []
    write, put = kernel.write, parts.put

    def write_key(entry: str, payload: bytes, timeout_s: int) -> None:
        named.append(entry in index.read().entries)
        write(entry, payload, timeout_s)

    def put_parts(vault: parts.Entries, entry: str, text: str) -> None:
        named.append(entry in index.read().entries)
        put(vault, entry, text)

    monkeypatch.setattr(kernel, "write", write_key)
    monkeypatch.setattr(parts, "put", put_parts)

    Store().put(TOKENS, "corp", LONG, expires_at=None)
    Store().put(CREDENTIALS, "analytics", credentials(), expires_at=in_an_hour())

    assert named == [True, True]


@pytest.mark.usefixtures("place")
def test_keeping_a_record_reads_the_index_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It grows with the number of profiles, and every fetch keeps something."""
    Store().put(TOKENS, "corp", LONG, expires_at=None)
    files: list[str] = []
    true_read = private_files.read

    def read(name: str, largest: int, *, spare: bool) -> bytes:
        if not spare:
            files.append(name)
        return true_read(name, largest, spare=spare)

    monkeypatch.setattr(private_files, "read", read)

    Store().put(TOKENS, "corp", "short", expires_at=None)
    Store().put(CREDENTIALS, "analytics", credentials(), expires_at=in_an_hour())

    assert files == ["index.json"] * 2


@pytest.mark.usefixtures("place")
def test_the_latest_text_is_found() -> None:
    """Long and short ones replace each other in any order."""
    for text in (LONG, "short", LONG[::-1], LONG, "x" * 1_280, "", "x" * 1_270, LONG):
        Store().put(TOKENS, "corp", text, expires_at=None)
        assert Store().get(TOKENS, "corp") == text


def test_nothing_kept_is_a_miss(place: Place) -> None:
    """On an empty machine nothing is found, and nothing can be deleted."""
    assert place.kept() == []
    for kind in (CREDENTIALS, TOKENS):
        assert Store().get(kind, "analytics") is None
        assert not Store().exists(kind, "analytics")
        assert not Store().delete(kind, "analytics")
    assert Store().entries() == []


def test_deleting_leaves_nothing_behind(place: Place) -> None:
    """After logout no piece of any text that was ever kept can be found on the machine."""
    for text in (LONG, LONG[::-1], "short"):
        Store().put(TOKENS, "corp", text, expires_at=None)
        Store().put(CREDENTIALS, "analytics", credentials(f'"{text}"'), expires_at=in_an_hour())
    assert place.kept() != []
    assert Store().delete(TOKENS, "corp")
    assert Store().delete(CREDENTIALS, "analytics")
    assert Store().get(TOKENS, "corp") is None
    assert Store().get(CREDENTIALS, "analytics") is None
    assert place.kept() == []
    assert Store().entries() == []


def test_deleting_needs_no_index(place: Place, home: Path) -> None:
    """Records whose index was lost go too, as far as their names are known."""
    Store().put(TOKENS, "corp", LONG, expires_at=None)
    Store().put(CREDENTIALS, "analytics", credentials(), expires_at=in_an_hour())
    (home / ".local/state/oidc-helper/index.json").unlink()
    Store().delete(TOKENS, "corp")
    Store().delete(CREDENTIALS, "analytics")
    assert place.kept() == []


def test_status_knows_what_is_kept_without_opening_it(place: Place) -> None:
    """Names, places, expiries and details of the records are at hand."""
    until = in_an_hour()
    Store().put(CREDENTIALS, "analytics", credentials(), expires_at=until)
    Store().put(TOKENS, "corp", LONG, expires_at=None, details={"user": "alice", "refreshable": 1})
    assert [(one.kind, one.name, one.place, one.expires_at, one.details) for one in Store().entries()] == [
        (CREDENTIALS, "analytics", place.credentials, until, {}),
        (TOKENS, "corp", place.tokens, None, {"user": "alice", "refreshable": 1}),
    ]
    assert Store().exists(CREDENTIALS, "analytics")
    assert Store().exists(TOKENS, "corp")


@pytest.mark.usefixtures("place")
def test_two_configurations_never_meet(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring is the user's, a record is its configuration's: OIDC_HELPER_CONFIG changes what is there."""
    Store().put(TOKENS, "corp", "of the default", expires_at=None)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(home / "other.toml"))
    assert Store().get(TOKENS, "corp") is None
    assert Store().entries() == []
    Store().put(TOKENS, "corp", "of the other", expires_at=None)
    assert Store().delete(TOKENS, "corp")
    monkeypatch.delenv("OIDC_HELPER_CONFIG")
    assert Store().get(TOKENS, "corp") == "of the default"


@pytest.mark.parametrize("name", ["with space", "sla/sh", "über", 'qu"ote', "colon:A.1", "x" * 200])
def test_a_profile_may_have_any_name(place: Place, name: str) -> None:
    """Its record is found under that name and no other."""
    text = credentials()
    Store().put(CREDENTIALS, name, text, expires_at=in_an_hour())
    assert Store().get(CREDENTIALS, name) == text
    assert Store().get(CREDENTIALS, name + " ") is None
    assert Store().delete(CREDENTIALS, name)
    assert place.kept() == []


@pytest.mark.usefixtures("place")
def test_a_configuration_may_lie_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also under a path that is not UTF-8."""
    monkeypatch.setenv("OIDC_HELPER_CONFIG", os.fsdecode(os.fsencode(home) + b"/\xff.toml"))
    Store().put(TOKENS, "corp", LONG, expires_at=None)
    assert Store().get(TOKENS, "corp") == LONG
    assert [one.name for one in Store().entries()] == ["corp"]
    assert Store().delete(TOKENS, "corp")


@pytest.mark.usefixtures("place")
def test_any_text_comes_back() -> None:
    """Characters that UTF-16 counts twice are not cut in half where a vault is measured in it."""
    text = "é𝄞漢" * 1_000
    Store().put(TOKENS, "corp", text, expires_at=None)
    assert Store().get(TOKENS, "corp") == text


def test_records_are_kept_without_an_index(place: Place, home: Path) -> None:
    """With a state directory that cannot be written records are kept all the same."""
    state = home / ".local/state"
    state.parent.mkdir()
    state.write_text("a file where the directory should be")
    Store().put(TOKENS, "corp", LONG, expires_at=None)
    assert Store().get(TOKENS, "corp") == LONG
    assert Store().delete(TOKENS, "corp")
    assert place.kept() == []
    assert index.read() == index.Index()
