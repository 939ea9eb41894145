"""The state directory: closed to others whatever was found, and nothing of ours in the home of another user."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.places import needs
from homes import Home
from settings.settings_files import COMPLETE
from zygote import Zygote

from oidc_helper.machine import private_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a stat has no permissions there")
STRANGER = 200_000 + os.getpid()


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.mark.parametrize("below", [(), ("locks",)], ids=["state", "locks"])
@pytest.mark.parametrize("found", [0o777, 0o770, 0o755], ids=oct)
def test_an_open_directory_of_ours_is_closed(empty_home: Path, below: tuple[str, ...], found: int) -> None:
    """It stayed as it was found, and others could replace the index and the locks."""
    path = private_files.directory(*below)
    path.chmod(found)

    assert private_files.directory(*below) == path
    assert mode(path) == "0o700"


def test_directories_above_stay_as_they_are(empty_home: Path) -> None:
    """They are not ours alone."""
    (empty_home / ".local/state").mkdir(parents=True)
    (empty_home / ".local/state").chmod(0o755)
    private_files.directory()

    assert mode(empty_home / ".local/state") == "0o755"


@pytest.fixture
def strangers(home: Home) -> Iterator[Home]:
    """A home of another user, and a configuration beside it that both may read: pytest's lie where others cannot."""
    needs(os.geteuid() == 0, "root, to have another user")
    with tempfile.TemporaryDirectory(prefix="stranger-") as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "home"
        path.mkdir()
        os.chown(path, STRANGER, STRANGER)
        no_keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        theirs = Home(path, {**home.environment, **no_keyring, "HOME": str(path)})
        theirs.config = path.with_name("config.toml")
        theirs.environment["OIDC_HELPER_CONFIG"] = str(theirs.config)
        theirs.configure(COMPLETE)
        yield theirs


def left_in(home: Home) -> list[str]:
    return sorted(path.name for path in home.path.iterdir())


@pytest.mark.parametrize("words", ["status", "get x", "login x", "logout x", "logout --all"])
def test_root_with_the_home_of_a_user_leaves_nothing_there(strangers: Home, words: str) -> None:
    """The user could not enter ~/.local any more."""
    strangers.run(*words.split())

    assert left_in(strangers) == []


def test_root_with_the_home_of_a_user_is_told_why_nothing_is_kept(strangers: Home) -> None:
    done = strangers.run("login", "x", XDG_RUNTIME_DIR="/proc/nowhere", OIDC_HELPER_KERNEL_KEYRING="off")

    assert f"it would lie in a directory of another user ({STRANGER})" in done.stderr
    assert "let XDG_STATE_HOME name another" in done.stderr


AS_STRANGER = f"""
import os
from oidc_helper.store.store import Store
Store().delete("tokens", "imports are done")  # while the files of Python can still be read
os.setgroups([])
os.setgid({STRANGER})
os.setuid({STRANGER})
print(Store().get("tokens", "corp"), Store().delete("tokens", "corp"), Store().names(), Store().entries(), flush=True)
os._exit(0)
"""


def test_a_directory_that_root_made_in_a_home_is_no_bug(strangers: Home, zygote: Zygote) -> None:
    """The user's logout said `unexpected PermissionError, which is a bug`."""
    (strangers.path / ".local").mkdir(0o700)

    done = zygote.run([], strangers.environment, strangers.path, AS_STRANGER)

    assert (done.returncode, done.stdout) == (0, "None False [] []\n")
