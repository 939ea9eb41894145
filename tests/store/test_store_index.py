"""The index survives whatever happens to its file: what is known of records, assertions and failures."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.places import needs
from hypothesis import given
from hypothesis import strategies as some

from oidc_helper import kernel
from oidc_helper.errors import SignInNeeded, StoreUnusable
from oidc_helper.machine import lock, private_files
from oidc_helper.store import index
from oidc_helper.store.index import Entry, Failure, Index
from oidc_helper.store.store import Store

TESTS = Path(__file__).parents[1]
ENTRY = Entry(
    "tokens", "corp", "/home/a/config.toml", "kwallet", 2_000_000_000, 1_900_000_000, {"user": "alice"}, ("x",)
)
FULL = Index(
    {"entry": ENTRY}, {"mark": 1}, {"key": Failure(1, "message", "hint", 3)}, {"entry": "the key quota is full"}
)


def victim(*words: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "fakes.victims", *map(str, words)], cwd=TESTS)


@pytest.fixture
def file(home: Path) -> Path:
    """Where the index lies."""
    return home / ".local/state/oidc-helper/index.json"


def test_the_index_is_read_as_it_was_written(file: Path) -> None:
    """All of it comes back, from a file and a directory that only we can read."""
    index.update(lambda _: FULL)
    assert index.read() == FULL
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_file_the_index_is_empty(file: Path) -> None:
    """Reading makes nothing."""
    assert index.read() == Index()
    assert not file.parent.exists()


def test_parallel_updates_lose_nothing() -> None:
    """Twenty processes write at once, and everything they noted is there."""
    processes = [victim("count_up", 10) for _ in range(20)]
    assert [process.wait() for process in processes] == [0] * 20
    noted = {f"{process.pid}.{number}" for process in processes for number in range(10)}
    assert set(index.read().spent) == noted


def test_a_crash_before_the_rename_changes_nothing(file: Path) -> None:
    """The old index is read on, and the next writer clears the wreckage away."""
    index.update(lambda _: FULL)
    assert victim("die_before_rename").wait() == -signal.SIGKILL
    assert index.read() == FULL
    assert len([one for one in file.parent.iterdir() if one.is_file()]) == 2
    index.update(lambda before: replace(before, spent={}))
    assert [one for one in file.parent.iterdir() if one.is_file()] == [file]


def test_nothing_is_written_where_nothing_changes(file: Path) -> None:
    """The file is left alone."""
    index.update(lambda _: FULL)
    before = file.stat()
    assert index.update(lambda same: same) == FULL
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


STRANGE = {
    "empty": "",
    "torn": '{"version": 1, "entries": {"entry": {"kind": "tok',
    "no JSON": "\x00\xff",
    "foreign": "[1, 2]",
    "of the future": json.dumps({"version": 2, "entries": {}, "spent": {"mark": 1}}),
    "too deep": "[" * 100_000,
    "null": "null",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_file_that_makes_no_sense_counts_as_absent(file: Path, kind: str) -> None:
    """No index has to be deleted by hand: it reads as empty, and the next update replaces it."""
    file.parent.mkdir(parents=True)
    file.write_bytes(STRANGE[kind].encode("latin-1"))
    assert index.read() == Index()
    index.update(lambda before: replace(before, spent={"mark": 1}))
    assert index.read() == Index(spent={"mark": 1})


JSON = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=5)
    | some.lists(some.integers())
    | some.dictionaries(some.text(max_size=5), some.none() | some.lists(some.none()), max_size=3)
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of a full index, for many changes to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        index.update(lambda _: FULL)
        yield private_files.directory() / "index.json"


def read_with(stored: Path, text: str) -> Index:
    """What is read where the stored file has that text."""
    whole = stored.read_text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(stored.parents[1]))
        stored.write_text(text)
        damaged = index.read()
    stored.write_text(whole)
    return damaged


SOUND: dict[str, object] = {
    "kind": "tokens",
    "name": "corp",
    "config": "/c",
    "place": "kernel",
    "expires_at": None,
    "written_at": 1,
    "details": {"user": "alice"},
    "former_places": ["keychain"],
}
# A change to a sound entry, after which it is left out.
UNSOUND: dict[str, dict[str, object]] = {
    "no number in place of a time": {"written_at": "1"},
    "milliseconds": {"expires_at": 2_000_000_000_000},
    "a time before 1970": {"written_at": -1},
    "a place that is no text": {"place": 1},
    "a former place that is no text": {"former_places": [None]},
    "no list of former places": {"former_places": None},
    "a detail that is a list": {"details": {"user": []}},
    "a detail in milliseconds": {"details": {"signs_until": 10**15}},
    "a field of the future": {"color": "red"},
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_an_unsound_entry_is_left_out(file: Path, kind: str) -> None:
    """Alone: the sound one beside it is read."""
    file.parent.mkdir(parents=True)
    entries = {"sound": SOUND, "unsound": SOUND | UNSOUND[kind]}
    file.write_text(json.dumps({"version": 1, "entries": entries}))

    assert list(index.read().entries) == ["sound"]


def test_an_entry_without_a_field_is_left_out(file: Path) -> None:
    """Whichever it is; but for the details, which may be missing."""
    file.parent.mkdir(parents=True)
    entries = {left_out: {key: value for key, value in SOUND.items() if key != left_out} for left_out in SOUND}
    file.write_text(json.dumps({"version": 1, "entries": entries}))

    assert list(index.read().entries) == ["details"]


# Place and former places -> the vaults that may hold some text of the record.
VAULTS: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {
    ("kernel", ()): (),
    ("kernel", ("keychain",)): ("keychain",),
    ("keychain", ()): ("keychain",),
    ("keychain", ("kwallet", "kernel")): ("keychain", "kwallet"),
}


@pytest.mark.parametrize(("place", "former_places"), VAULTS)
def test_the_vaults_of_an_entry_are_all_but_the_kernel(place: str, former_places: tuple[str, ...]) -> None:
    """Those that a logout has to open."""
    entry = replace(ENTRY, place=place, former_places=former_places)
    assert entry.vaults() == VAULTS[place, former_places]


@given(data=some.data())
def test_one_bad_value_costs_only_its_own_entry(stored: Path, data: some.DataObject) -> None:
    """Whatever stands in place of any field, reading works, and sound values next to it are kept."""
    content = json.loads(stored.read_text())
    group = data.draw(some.sampled_from(["entries", "failures"]))
    values = next(iter(content[group].values()))
    values[data.draw(some.sampled_from(sorted(values)))] = data.draw(JSON)
    content["spent"]["other"] = data.draw(JSON)
    damaged = read_with(stored, json.dumps(content))
    assert damaged.spent["mark"] == 1
    assert damaged.unkept == FULL.unkept
    for entry in damaged.entries.values():
        assert {type(one) for one in (entry.kind, entry.name, entry.config, entry.place, *entry.former_places)} == {str}


@given(position=some.integers(0, 10_000), character=some.characters(max_codepoint=0x7F))
def test_any_damaged_byte_is_survived(stored: Path, position: int, character: str) -> None:
    """One changed character anywhere: reading works."""
    text = stored.read_text()
    position %= len(text)
    assert isinstance(read_with(stored, text[:position] + character + text[position + 1 :]), Index)


def test_a_link_in_place_of_the_file_is_not_followed(file: Path, tmp_path: Path) -> None:
    """Its target is neither read nor written; the link gives way to an index of our own."""
    index.update(lambda _: FULL)
    target = tmp_path / "target"
    file.rename(target)
    file.symlink_to(target)
    content = target.read_bytes()
    assert index.read() == Index()
    index.update(lambda before: replace(before, spent={"mark": 1}))
    assert target.read_bytes() == content
    assert not file.is_symlink()


def test_a_directory_of_another_user_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root with a user's HOME leaves no file of root's in it."""
    file.parent.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: file.parent.stat().st_uid + 1)
    with pytest.raises(StoreUnusable, match="belongs to another user"):
        index.update(lambda _: FULL)
    assert list(file.parent.iterdir()) == []


def test_an_index_of_another_user_is_not_believed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another user could have written counts as absent."""
    index.update(lambda _: FULL)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert index.read() == Index()


def test_a_directory_that_cannot_be_made_is_named(home: Path) -> None:
    """The message tells where, the hint what to set."""
    (home / ".local").write_text("a file where the directory should be")
    (home / "run").rmdir()
    (home / "run").write_text("another")
    with pytest.raises(StoreUnusable, match="cannot write in .*/.local/state/oidc-helper: Not a directory") as raised:
        index.update(lambda _: FULL)
    assert "XDG_STATE_HOME" in raised.value.hint
    assert index.read() == Index()


def test_what_cannot_be_noted_in_the_state_directory_is_noted_in_the_runtime_directory(home: Path, file: Path) -> None:
    """Seen: a read-only home, where no process knew what another had sent; once there is room again, all is there."""
    (home / ".local").write_text("a file where the directory should be")
    index.update(lambda _: FULL)

    assert index.read() == FULL
    (spare,) = (home / "run").rglob("index.json")
    assert spare.stat().st_mode & 0o777 == 0o600
    (home / ".local").unlink()
    index.update(lambda before: replace(before, unkept={}))
    assert index.read() == replace(FULL, unkept={})
    assert (file.exists(), spare.exists()) == (True, False)


def test_of_two_notes_the_newer_counts(home: Path, file: Path) -> None:
    """Both directories were written, each when the other could not be."""
    older, newer = Failure(1, "older", "", 3), Failure(2, "newer", "", 3)
    index.update(lambda _: Index({"entry": ENTRY}, {"a": 1}, {"x": older, "y": newer}))
    file.parent.parent.rename(home / "away")
    (home / ".local/state").write_text("in the way")
    later = replace(ENTRY, written_at=ENTRY.written_at + 1)
    index.update(lambda _: Index({"entry": later}, {"b": 2}, {"x": newer, "y": older}))
    (home / ".local/state").unlink()
    (home / "away").rename(file.parent.parent)

    assert index.read() == Index({"entry": later}, {"a": 1, "b": 2}, {"x": newer, "y": newer})


def test_a_full_disk_leaves_the_old_index(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """The new one is not put in place before it is whole."""
    index.update(lambda _: FULL)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnusable, match="No space left on device"):
        index.update(lambda _: Index())
    assert index.read() == FULL
    assert [one.name for one in file.parent.iterdir() if one.is_file()] == [file.name]


def test_an_index_that_cannot_be_read_now_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process short of descriptors, or a failing disk, must not cost what others noted."""
    index.update(lambda _: FULL)

    def fail(*_: object, **__: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(private_files, "read", fail)
        assert index.read() == Index()
        with pytest.raises(StoreUnusable, match="Too many open files"):
            index.update(lambda before: replace(before, spent={}))
    assert index.read() == FULL


def test_windows_tries_again_while_a_reader_has_the_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """There neither opening nor renaming works while another process is reading."""
    refusals = [PermissionError(13, "The process cannot access the file")] * 3
    rename = Path.replace

    def busy(source: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return rename(source, target)

    monkeypatch.setattr(private_files, "_TRIES", 50)
    monkeypatch.setattr(Path, "replace", busy)
    index.update(lambda _: FULL)
    assert index.read() == FULL
    assert refusals == []


def test_a_writer_that_hangs_is_named() -> None:
    """An update waits for another one, not for ever."""
    with (
        lock.hold("index", timeout_s=1, purpose="hanging"),
        pytest.raises(StoreUnusable, match=f"process {os.getpid()}, hanging"),
    ):
        index.update(lambda _: FULL, timeout_s=0.01)


def test_an_assertion_is_spent_once() -> None:
    """The second process that marks it learns so; the note tells neither the issuer nor the identifier."""
    assert Store().mark_spent("https://login.example.com", "id-1", until=2**40)
    assert not Store().mark_spent("https://login.example.com", "id-1", until=2**40)
    assert Store().mark_spent("https://login.example.com", "id-2", until=2**40)
    assert Store().mark_spent("https://other.example.com", "id-1", until=2**40)
    assert "example" not in str(index.read())


def test_an_assertion_that_was_not_exchanged_may_be_used_again() -> None:
    """The note can be taken back."""
    Store().mark_spent("issuer", "id", until=2**40)
    Store().unmark_spent("issuer", "id")
    assert Store().mark_spent("issuer", "id", until=2**40)


def test_notes_of_expired_assertions_are_dropped() -> None:
    """The index does not grow with every sign-in."""
    time_s = [1_000.0]
    store = Store(now=lambda: time_s[0])
    store.mark_spent("issuer", "old", until=2_000)
    time_s[0] = 2_001.0
    assert store.mark_spent("issuer", "new", until=3_000)
    assert len(index.read().spent) == 1
    assert store.mark_spent("issuer", "old", until=3_000)


def test_a_failure_is_remembered_until_a_success() -> None:
    """Another process learns when and how a profile failed, and how to mend it."""
    store = Store(now=lambda: 1_000.5)
    store.remember_failure("analytics", StoreUnusable("what", "hint"))
    failure = Store().failure("analytics")
    assert failure
    assert replace(failure, reach="") == Failure(1_000.5, "what", "hint", 6)
    assert Store().failure("other") is None
    store.forget_failure("analytics")
    store.forget_failure("analytics")
    assert Store().failure("analytics") is None


def test_a_store_out_of_reach_is_no_failure_of_another_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen: cron, without a session bus, and the desktop's status told its failure as the desktop's own."""
    Store().remember_failure("analytics", StoreUnusable("out of reach"))
    Store().remember_failure("reports", SignInNeeded("over"))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")

    assert Store().failure("analytics") is None
    assert Store().failure("reports")


def test_an_assertion_is_spent_though_the_index_cannot_be_written(home: Path) -> None:
    """A key, which holds no secret and ends when the mark would."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    for directory in (".local", "run"):
        shutil.rmtree(home / directory, ignore_errors=True)
        (home / directory).write_text("a file where the directory should be")

    assert Store().mark_spent("https://login.example.com", "id-1", until=2**31)
    assert not Store().mark_spent("https://login.example.com", "id-1", until=2**31)
    assert Store().names() == []
    Store().unmark_spent("https://login.example.com", "id-1")
    assert Store().mark_spent("https://login.example.com", "id-1", until=2**31)


def test_an_assertion_is_spent_for_a_session_with_another_runtime_directory(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen: a desktop and cron, of which each had a second index of its own, sent one token each."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    (home / ".local").write_text("a file where the directory should be")

    assert Store().mark_spent("https://login.example.com", "id-1", until=2**31)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "another"))
    assert not Store().mark_spent("https://login.example.com", "id-1", until=2**31)
    Store().unmark_spent("https://login.example.com", "id-1")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "third"))
    assert Store().mark_spent("https://login.example.com", "id-1", until=2**31)


def test_a_mark_in_the_state_directory_takes_no_room_in_the_kernel() -> None:
    """A job with a new token every few minutes would fill the quota of the user's keys."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    before = kernel.names()
    Store().mark_spent("https://login.example.com", "id-1", until=2**31)

    assert kernel.names() == before
