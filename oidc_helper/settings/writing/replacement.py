"""Carry out a plan: all of its files are replaced, or none."""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from oidc_helper.errors import OidcHelperError, TryAgain, WrongSettings
from oidc_helper.machine import lock
from oidc_helper.machine.private_files import patiently
from oidc_helper.settings.writing.plan import Change
from oidc_helper.words import printable

# Ours by name, so that no other program's backup is overwritten; version control and editors know the ~.
BACKUP = ".oidc-helper~"
_TIMEOUT_S = 10.0
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_HINTS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room on that disk"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "let your user write in its directory"),
}


class _Prepared(NamedTuple):
    """A replacement that needs no more disk space; `new` no longer exists once it was renamed to `target`."""

    change: Change
    target: Path
    new: Path
    old: Path | None

    @property
    def backup(self) -> Path:
        return self.target.with_name(self.target.name + BACKUP)


def carry_out(plan: Sequence[Change]) -> None:
    """Replace the files in the plan's order, each at once; links, mode, owner and attributes stay.

    A file's text before its last change is kept beside it, under its name and BACKUP; older texts are not kept.
    Raises WrongSettings for a file that must not be replaced, TryAgain if one was changed since the plan was made or
    another process is writing, else OidcHelperError; all files are then as they were.
    """
    with lock.hold("settings", timeout_s=_TIMEOUT_S, purpose="write settings"), ExitStack() as leftovers:
        prepared = [_prepare(change, leftovers) for change in plan if change.is_needed]
        for each in prepared:
            _require_unchanged(each)
        try:
            for each in prepared:
                _replace(each)
        except BaseException:  # a person's Ctrl-C too
            for each in reversed(prepared):
                _put_back(each)
            raise


def _prepare(change: Change, leftovers: ExitStack) -> _Prepared:
    with _errors_named(change.path):
        target = Path(os.path.realpath(change.path))
        _require_replaceable(change.path, target)
        target.parent.mkdir(0o700, parents=True, exist_ok=True)
        old = None if change.before is None else _write(target, change.before, leftovers)
        return _Prepared(change, target, _write(target, change.after, leftovers), old)


def _write(target: Path, content: bytes, leftovers: ExitStack) -> Path:
    """Write a complete and synced file beside the target, with its mode, group and attributes but a new time."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    path = Path(name)
    leftovers.callback(path.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileNotFoundError):  # a new file is for its owner alone
        if sys.platform != "win32":
            os.chown(path, -1, target.stat().st_gid)
        shutil.copystat(target, path)
        os.utime(path)  # which tells records that the settings were edited
    return path


def _replace(prepared: _Prepared) -> None:
    with _errors_named(prepared.change.path):
        if prepared.old:
            _rename(prepared.old, prepared.backup)
        _rename(prepared.new, prepared.target)


def _put_back(prepared: _Prepared) -> None:
    """Restore the old text by renaming, which needs no disk space: the disk may be full."""
    if prepared.new.exists():
        return
    try:
        if prepared.old:
            _rename(prepared.backup, prepared.target)
        else:
            prepared.target.unlink()
    except OSError:
        former = f"its former text is in {printable(str(prepared.backup))}" if prepared.old else "it is new"
        raise OidcHelperError(
            f"{printable(prepared.change.path)} was replaced and cannot be put back: {former}", "put it back by hand"
        ) from None


def _rename(source: Path, target: Path) -> None:
    patiently(lambda: source.replace(target))


def require_replaceable(changes: Sequence[Change]) -> None:
    """Check before there is anything to lose. Raises WrongSettings, and OidcHelperError."""
    for change in changes:
        with _errors_named(change.path):
            _require_replaceable(change.path, Path(os.path.realpath(change.path)))


def _require_replaceable(path: str, target: Path) -> None:
    """Raise WrongSettings if a rename would succeed and do harm. Raises OSError."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    shown = printable(path)
    if not stat.S_ISREG(status.st_mode):
        raise WrongSettings(f"{shown} is not a regular file", "name another file, or move it away")
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        raise WrongSettings(f"{shown} belongs to another user", "change it as that user, or name another file")
    if not status.st_mode & _WRITABLE or not os.access(target, os.W_OK):
        raise WrongSettings(f"{shown} is read-only", "make it writable, or change what makes it")
    if status.st_nlink > 1:
        raise WrongSettings(f"{shown} has a second name, a hard link, that would keep the old text", "make it a copy")


def _require_unchanged(prepared: _Prepared) -> None:
    with _errors_named(prepared.change.path):
        try:
            now: bytes | None = prepared.target.read_bytes()
        except FileNotFoundError:
            now = None
    if now != prepared.change.before:
        raise TryAgain(
            f"{printable(prepared.change.path)} was changed since it was read", "look at it, then run the command again"
        )


@contextmanager
def _errors_named(path: str) -> Iterator[None]:
    """Turn an OSError into an error that names the file."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or "failed").lower()
        hint = _HINTS.get(error.errno or 0, "")
        raise OidcHelperError(f"{printable(path)} cannot be written: {why}", hint) from None
