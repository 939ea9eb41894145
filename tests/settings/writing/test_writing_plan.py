"""A plan is shown before it is carried out, and carried out for all files or none."""

import multiprocessing
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oidc_helper.errors import OidcHelperError, TryAgain, WrongSettings
from oidc_helper.settings import writing
from oidc_helper.settings.writing import BACKUP, Change, replacement

_OLD, _NEW = b"# mine\n[profile.a]\n", b"# mine\n[profile.a]\n\n[profile.b]\n"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock lies in the state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def change(path: Path, before: bytes | None = _OLD) -> Change:
    """A change of a file that is there, or is to be made."""
    path.parent.mkdir(exist_ok=True)
    if before is not None:
        path.write_bytes(before)
    return Change(str(path), before, _NEW)


def refusal(*plan: Change) -> OidcHelperError:
    """The error; nothing may be left of the attempt."""
    before = {each.path: contents(Path(each.path).parent) for each in plan}
    with pytest.raises(OidcHelperError) as caught:
        writing.carry_out(plan)
    assert {each.path: contents(Path(each.path).parent) for each in plan} == before
    assert caught.value.message.isprintable()
    return caught.value


def contents(directory: Path) -> dict[str, bytes]:
    """What a person would notice: the files and what they say, less the backups."""
    files = [path for path in directory.iterdir() if path.is_file() and not path.name.endswith(BACKUP)]
    return {path.name: path.read_bytes() for path in files}


def test_a_replaced_file_keeps_its_mode_and_a_backup(tmp_path: Path) -> None:
    """The new text is in the file, the former text is beside it, and both have the file's mode."""
    plan = [change(tmp_path / "a" / "config.toml")]
    path = Path(plan[0].path)
    path.chmod(0o640)
    os.utime(path, (0, 0))

    writing.carry_out(plan)

    backup = path.with_name("config.toml" + BACKUP)
    assert (path.read_bytes(), backup.read_bytes()) == (_NEW, _OLD)
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, backup)} == {0o640}
    assert path.stat().st_mtime > 0, "kept records must know that it was edited"
    assert sorted(each.name for each in path.parent.iterdir()) == ["config.toml", "config.toml" + BACKUP]


def test_new_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    """Missing directories are made for the owner alone, too."""
    path = tmp_path / "a" / "config.toml"

    writing.carry_out([Change(str(path), None, _NEW)])

    assert path.read_bytes() == _NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_replaced_file_keeps_its_group(tmp_path: Path) -> None:
    """A team may share the file by its group."""
    if os.geteuid() != 0:
        pytest.skip("only root has a second group for sure")
    plan = [change(tmp_path / "config.toml")]
    os.chown(plan[0].path, -1, 12)

    writing.carry_out(plan)

    assert Path(plan[0].path).stat().st_gid == 12


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A link into somebody's dotfiles stays one; the file that it leads to is replaced."""
    target = tmp_path / "dotfiles" / "aws"
    change(target)
    link = tmp_path / "config"
    link.symlink_to(target)

    writing.carry_out([Change(str(link), _OLD, _NEW)])

    assert link.is_symlink()
    assert target.read_bytes() == _NEW


def test_link_to_no_file(tmp_path: Path) -> None:
    """A link that leads nowhere yet leads to the new file."""
    link = tmp_path / "config"
    link.symlink_to(tmp_path / "dotfiles" / "aws")

    writing.carry_out([Change(str(link), None, _NEW)])

    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "aws").read_bytes() == _NEW


def test_nothing_to_do(tmp_path: Path) -> None:
    """A plan that changes nothing touches nothing."""
    path = tmp_path / "config.toml"
    path.write_bytes(_OLD)
    path.chmod(0o400)

    writing.carry_out([Change(str(path), _OLD, _OLD), Change(str(tmp_path / "none"), None, b"")])

    assert contents(tmp_path) == {"config.toml": _OLD}


def test_a_file_that_was_edited_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """An edit after the plan was made stops the plan: the other file is not changed either."""
    first, second = change(tmp_path / "a" / "x"), change(tmp_path / "b" / "y")
    Path(second.path).write_bytes(_OLD + b"# edited\n")

    error = refusal(first, second)

    assert isinstance(error, TryAgain)
    assert error.message == f"{second.path} was changed since it was read"


@pytest.mark.parametrize("before", [None, _OLD])
def test_made_or_removed_meanwhile(tmp_path: Path, before: bytes | None) -> None:
    """A file that came or went meanwhile is a change too."""
    plan = change(tmp_path / "a" / "x", before)
    if before is None:
        Path(plan.path).write_bytes(_OLD)
    else:
        Path(plan.path).unlink()

    assert "was changed since it was read" in refusal(plan).message


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_directory, "is not a regular file"),
        (lambda path: path.chmod(0o444), "is read-only"),
        (lambda path: os.link(path, path.with_name("other")), "has a second name"),
        (lambda path: os.chown(path, 1, -1), "belongs to another user"),
    ],
)
def test_file_that_is_not_to_be_replaced(tmp_path: Path, spoil: object, why: str) -> None:
    """What a rename would get past, and a person would not want, is refused before anything is written."""
    if "another user" in why and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    first, second = change(tmp_path / "a" / "x"), change(tmp_path / "b" / "y")
    assert callable(spoil)
    spoil(Path(second.path))

    error = refusal(first, second)

    assert isinstance(error, WrongSettings)
    assert error.message.startswith(f"{second.path} {why}")


def test_a_full_disk_changes_neither_file(tmp_path: Path) -> None:
    """The first file is not changed if the second text has no room."""
    first, second = change(tmp_path / "a" / "x"), Change(str(tmp_path / "a" / "y"), None, b"#" * 100_000)

    with _no_room_beyond(10_000):
        error = refusal(first, second)

    assert error.message == f"{second.path} cannot be written: file too large"
    assert "make room" in error.hint


@contextmanager
def _no_room_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("before", [None, _OLD])
def test_second_file_cannot_be_replaced(tmp_path: Path, before: bytes | None) -> None:
    """What was replaced already is put back, or removed if it is new."""
    first, second = change(tmp_path / "a" / "x", before), change(tmp_path / "b" / "y")
    Path(second.path + BACKUP).mkdir()  # a file is not renamed over a directory

    assert refusal(first, second).message == f"{second.path} cannot be written: is a directory"


def test_ctrl_c_between_two_files_leaves_both_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = change(tmp_path / "a" / "x"), change(tmp_path / "b" / "y")
    replace = replacement._replace

    def interrupted(prepared: replacement._Prepared) -> None:
        if prepared.change is second:
            raise KeyboardInterrupt
        replace(prepared)

    monkeypatch.setattr(replacement, "_replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writing.carry_out([first, second])

    assert contents(tmp_path / "a") == {"x": _OLD}
    assert contents(tmp_path / "b") == {"y": _OLD}


def test_two_at_once(tmp_path: Path) -> None:
    """Of two processes with a plan for one file, one writes, and the other is told that it was changed."""
    path = change(tmp_path / "a" / "x").path
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        outcomes = pool.starmap(_outcome, [(path, b"# one\n"), (path, b"# two\n")])

    assert sorted(outcomes) == ["", f"{path} was changed since it was read"]
    assert Path(path).read_bytes() == (b"# one\n" if outcomes[0] == "" else b"# two\n")


def _outcome(path: str, after: bytes) -> str:
    try:
        writing.carry_out([Change(path, _OLD, after)])
    except TryAgain as error:
        return error.message
    return ""


def test_the_diff_names_the_file_and_each_change(tmp_path: Path) -> None:
    """It says so if the file is new."""
    path = str(tmp_path / "config.toml")

    assert writing.diff(Change(path, _OLD, _NEW)) == (
        f"--- {path}\n+++ {path}\n@@ -1,2 +1,4 @@\n # mine\n [profile.a]\n+\n+[profile.b]\n"
    )
    assert writing.diff(Change(path, None, b"a\n")).startswith(f"--- (no file)\n+++ {path}\n")
    assert writing.diff(Change(path, _OLD, _OLD)) == ""


def test_diff_shows_no_secret(tmp_path: Path) -> None:
    """Lines around a change may hold keys, and may hold what steers a terminal."""
    text = "[a]\naws_secret_access_key = hunter2\nAWS_SESSION_TOKEN=hunter2\n# \x1b[2J\n"
    planned = Change(str(tmp_path / "config"), text.encode(), f"{text}[b]\n".encode())

    shown = writing.diff(planned)

    assert "hunter2" not in shown + repr(planned)
    assert " aws_secret_access_key = ***\n AWS_SESSION_TOKEN= ***\n" in shown
    assert "\x1b" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such device")
def test_no_regular_file_is_planned_for() -> None:
    """A device or directory in the place of a file is refused when the plan is made."""
    with pytest.raises(WrongSettings, match="/dev/null is not a regular file"):
        writing.of_settings(os.devnull, {("profile", "x"): {}})
