"""What is known without opening a secret: names, places and expiries of records, spent assertions, last failures.

One file, replaced as a whole: readers take no lock, and what makes no sense in it counts as absent.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from oidc_helper import paths
from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import lock, private_files
from oidc_helper.machine.clock import is_instant

Detail = str | int | None

_VERSION = 1
_FILE = "index.json"
_LARGEST = 4 * 2**20  # bytes; a thousand records are 300 kB
_LOCK_TIMEOUT_S = 5  # a hundred writers in turn need one second
# What nothing of ours can be behind: no file, a link, another user's, one that we may not read (or Windows, not now).
_WORTHLESS = {errno.ENOENT, errno.ELOOP, errno.EPERM} | ({errno.EACCES} if os.name != "nt" else set())

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One record: its place by name, its times in epoch seconds, and what status tells about it.

    `remains` are vaults that may still hold a former text of it.
    """

    kind: str
    name: str
    config: str
    place: str
    expires_at: int | None
    written_at: int
    details: Mapping[str, Detail] = field(default_factory=dict)
    remains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """How a profile failed last; `at` in epoch seconds."""

    at: float
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True)
class Index:
    """All of it. Keys: names of entries, `assertion_mark`s, entries again, notices; plain values are epoch seconds."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)


def read() -> Index:
    """The index as it is; what cannot be read, is not ours or makes no sense is left out."""
    try:
        return _parsed(private_files.read(_FILE, _LARGEST))
    except OSError:
        return Index()


def update(change: Callable[[Index], Index], *, timeout_s: float = _LOCK_TIMEOUT_S) -> Index:
    """Put `change` of the index in its place, one process at a time, and return it.

    Raises StoreUnusable where the state directory cannot be written or another process keeps the index too long.
    """
    try:
        with lock.hold("index", timeout_s=timeout_s, purpose="writing the index") as held:
            for wreck in private_files.wrecks(_FILE) if held.locked else ():
                wreck.unlink()
            before = _to_be_replaced()
            after = change(before)
            if after != before:
                private_files.replace(_FILE, _serialised(after))
            return after
    except OSError as error:
        raise StoreUnusable(
            f"cannot write in {_place()}: {error.strerror}",
            "make that directory yours and writable, or let XDG_STATE_HOME name another",
        ) from None
    except TryAgain as error:
        raise StoreUnusable(error.message, error.hint) from None


def tidy() -> None:
    """Remove what a killed writer left, if there is anything. Raises StoreUnusable."""
    if private_files.wrecks(_FILE):
        update(lambda before: before)


def _place() -> str:
    try:
        return paths.state_directory()
    except OSError:
        return "any state directory"


def assertion_mark(issuer: str, jti: str) -> str:
    """The key of `spent`: a digest, since what lies in a file need not tell who signed in."""
    return hashlib.sha256(f"{issuer}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()


def without(mapping: Mapping[str, T], key: str) -> dict[str, T]:
    """All of a mapping but one key."""
    return {other: value for other, value in mapping.items() if other != key}


def _to_be_replaced() -> Index:
    """The index for a writer: what cannot be read only at this moment must not be taken for empty, and overwritten."""
    try:
        return _parsed(private_files.read(_FILE, _LARGEST))
    except OSError as error:
        if error.errno in _WORTHLESS:
            return Index()
        raise


def _parsed(content: bytes) -> Index:
    try:
        stored = json.loads(content)
    except (ValueError, RecursionError):
        return Index()
    if not isinstance(stored, dict) or stored.get("version") != _VERSION:
        return Index()
    return Index(
        entries=_sound(stored.get("entries"), _entry),
        spent=_sound(stored.get("spent"), _whole),
        failures=_sound(stored.get("failures"), _failure),
        notices=_sound(stored.get("notices"), _whole),
    )


def _serialised(index: Index) -> str:
    return json.dumps({"version": _VERSION, **asdict(index)}, indent=1, sort_keys=True)


def _sound(stored: Any, parse: Callable[[Any], T]) -> dict[str, T]:
    sound = {}
    for key, value in stored.items() if isinstance(stored, dict) else ():
        with suppress(TypeError, KeyError):
            sound[key] = parse(value)
    return sound


def _entry(value: Any) -> Entry:
    entry = Entry(**{**value, "remains": tuple(value["remains"])})
    _require(entry, str, "kind", "name", "config", "place")
    _require(entry, int, "written_at")
    _require(entry, int | None, "expires_at")
    _require(entry, dict, "details")
    if not all(isinstance(detail, Detail) for detail in entry.details.values()):
        raise TypeError
    numbers = [detail for detail in entry.details.values() if isinstance(detail, int)]
    if not all(map(is_instant, (entry.written_at, entry.expires_at or 0, *numbers))):
        raise TypeError
    if not all(isinstance(place, str) for place in entry.remains):
        raise TypeError
    return entry


def _failure(value: Any) -> Failure:
    failure = Failure(**value)
    _require(failure, str, "message", "hint")
    _require(failure, int, "exit_code")
    if not is_instant(failure.at):
        raise TypeError
    return failure


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _require(value: Entry | Failure, kind: Any, *fields: str) -> None:
    if not all(isinstance(getattr(value, name), kind) for name in fields):
        raise TypeError
