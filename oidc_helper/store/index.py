"""The index, which has no secret: names, places and expiries of records, spent assertions, and last failures.

It is one file, replaced as a whole: readers take no lock, and anything in it that makes no sense counts as absent. If
the state directory cannot be written, a second file in the runtime directory takes over until it can.
"""

import errno
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from oidc_helper import paths
from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.machine import lock, private_files
from oidc_helper.machine.clock import is_instant
from oidc_helper.store.places import KERNEL

Detail = str | int | None

_VERSION = 1
_FILE = "index.json"
_LARGEST = 4 * 2**20  # bytes; a thousand records are 300 kB
_LOCK_TIMEOUT_S = 5  # a hundred writers, one after another, need one second
# errno values that mean there is no index of ours to preserve: no file, no directory, a link, another user's, one
# closed to us.
_NOTHING_TO_PRESERVE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EPERM}
if sys.platform != "win32":  # on Windows another process has the file open at this moment
    _NOTHING_TO_PRESERVE.add(errno.EACCES)

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One record: its place, its times in epoch seconds, and details for status, none of them secret.

    Places are ids of `places`; `former_places` are other ones that may still hold a former text of the record.
    """

    kind: str
    name: str
    config: str
    place: str
    expires_at: int | None
    written_at: int
    details: Mapping[str, Detail] = field(default_factory=dict)
    former_places: tuple[str, ...] = ()

    def vaults(self) -> tuple[str, ...]:
        """The places, other than the kernel keyring, that may hold some text of the record."""
        return tuple(place for place in (self.place, *self.former_places) if place != KERNEL)


@dataclass(frozen=True)
class Failure:
    """The last failure of a profile; `at` is in epoch seconds, `identity` is the profile's.

    `conditions` is a digest: processes that waited under the same conditions fail in the same way; if empty, none do.
    `reach` is a digest of the session's keyrings: a session with others has not failed; if empty, all have.
    """

    at: float
    message: str
    hint: str
    exit_code: int
    conditions: str = ""
    reach: str = ""
    identity: str = ""


@dataclass(frozen=True)
class Index:
    """The whole index; its keys are names of entries, or `assertion_mark`s in `spent`.

    `spent` has the time at which each assertion ends, in epoch seconds; `unkept` says why the latest text of a record
    could not be kept.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    unkept: Mapping[str, str] = field(default_factory=dict)


def read() -> Index:
    """The index as it is, without anything that cannot be read, is not ours or makes no sense."""
    return _merged(*(_read(spare=spare) for spare in (False, True)))


def read_in_state_directory() -> Index:
    """The part of the index that every session of the user finds, whatever its runtime directory."""
    return _read(spare=False)


def update(change: Callable[[Index], Index], *, timeout_s: float = _LOCK_TIMEOUT_S) -> Index:
    """Apply `change` to the index, one process at a time, and return the new index.

    Raises StoreUnusable if it cannot be written anywhere, or another process holds the lock too long.
    """
    try:
        with lock.hold("index", timeout_s=timeout_s, purpose="writing the index"):
            before = _merged(*(_read_to_replace(spare=spare) for spare in (False, True)))
            after = change(before)
            if after != before or _has_wrecks():
                _write(after)
            return after
    except OSError as error:
        raise StoreUnusable(
            f"cannot write in {_place()}: {error.strerror}",
            "make that directory yours and writable, or let XDG_STATE_HOME name another",
        ) from None
    except TryAgain as error:
        raise StoreUnusable(error.message, error.hint) from None


def tidy() -> None:
    """Remove the files that killed writers left, if there are any. Raises StoreUnusable."""
    if _has_wrecks():
        update(lambda before: before)


def _has_wrecks() -> bool:
    try:
        return bool(private_files.wrecks(_FILE))
    except OSError:  # there is no directory, or one that is closed to us
        return False


def _place() -> str:
    try:
        return paths.state_directory()
    except OSError:
        return "any state directory"


def assertion_mark(issuer: str, jti: str) -> str:
    """A key of `spent`: a digest, since a file need not tell who signed in."""
    return hashlib.sha256(f"{issuer}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()


def without(mapping: Mapping[str, T], key: str) -> dict[str, T]:
    """All of a mapping but one key."""
    return {other: value for other, value in mapping.items() if other != key}


def _read(*, spare: bool) -> Index:
    try:
        return _parsed(private_files.read(_FILE, _LARGEST, spare=spare))
    except OSError:
        return Index()


def _read_to_replace(*, spare: bool) -> Index:
    """The index for a writer; one that cannot be read at this moment must not count as empty and be overwritten."""
    try:
        return _parsed(private_files.read(_FILE, _LARGEST, spare=spare))
    except OSError as error:
        if error.errno in _NOTHING_TO_PRESERVE:
            return Index()
        raise


def _write(index: Index) -> None:
    """Write it to the state directory and remove the spare file, or else write it to the spare one. Raises OSError."""
    text = _serialised(index)
    try:
        _replace(text, spare=False)
    except OSError as obstacle:
        try:
            _replace(text, spare=True)
        except OSError:
            raise obstacle from None
    else:
        with suppress(OSError):
            private_files.remove(_FILE, spare=True)


def _replace(text: str, *, spare: bool) -> None:
    private_files.directory(spare=spare)
    for wreck in private_files.wrecks(_FILE, spare=spare):
        wreck.unlink()
    private_files.replace(_FILE, text, spare=spare)


def _merged(usual: Index, spare: Index) -> Index:
    """Both indexes in one; for a key that both have, the newer value."""
    return Index(
        entries=_newest(usual.entries, spare.entries, lambda entry: entry.written_at),
        spent=_newest(usual.spent, spare.spent, lambda end: end),
        failures=_newest(usual.failures, spare.failures, lambda failure: failure.at),
        unkept={**usual.unkept, **spare.unkept},
    )


def _newest(usual: Mapping[str, T], spare: Mapping[str, T], at: Callable[[T], float]) -> dict[str, T]:
    older = {key for key, value in spare.items() if key in usual and at(value) < at(usual[key])}
    return {**usual, **{key: value for key, value in spare.items() if key not in older}}


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
        unkept=_sound(stored.get("unkept"), _text),
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
    entry = Entry(**{**value, "former_places": tuple(value["former_places"])})
    _require(entry, str, "kind", "name", "config", "place")
    _require(entry, int, "written_at")
    _require(entry, int | None, "expires_at")
    _require(entry, dict, "details")
    if not all(isinstance(detail, Detail) for detail in entry.details.values()):
        raise TypeError
    numbers = [detail for detail in entry.details.values() if isinstance(detail, int)]
    if not all(map(is_instant, (entry.written_at, entry.expires_at or 0, *numbers))):
        raise TypeError
    if not all(isinstance(place, str) for place in entry.former_places):
        raise TypeError
    return entry


def _failure(value: Any) -> Failure:
    failure = Failure(**value)
    _require(failure, str, "message", "hint", "conditions", "reach", "identity")
    _require(failure, int, "exit_code")
    if not is_instant(failure.at):
        raise TypeError
    return failure


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _require(value: Entry | Failure, kind: Any, *fields: str) -> None:
    if not all(isinstance(getattr(value, name), kind) for name in fields):
        raise TypeError
