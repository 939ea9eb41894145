"""A second user, whose process was started from the first one's session, by su or by a daemon that gives up root."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.places import needs
from homes import COMMAND, Home

from oidc_helper import kernel, paths, record

TESTS = Path(__file__).parent
BOTH = pytest.mark.parametrize("place", ["user", "session"])


@pytest.fixture(autouse=True)
def root() -> None:
    """Only root can become two other users."""
    needs(os.geteuid() == 0, "root, to become two other users")
    needs(kernel.available(), "a kernel that lets us keep keys")


def what_comes_of(attempt: str, place: str) -> object:
    done = subprocess.run(
        [sys.executable, "-m", "fakes.second_user", attempt],
        cwd=TESTS,
        env={**os.environ, kernel.VARIABLE: place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


@BOTH
def test_a_second_user_reads_no_key(place: str) -> None:
    assert what_comes_of("read", place) == "EACCES"


@BOTH
def test_a_second_user_changes_and_copies_no_key(place: str) -> None:
    assert what_comes_of("take", place) == [[], "of the first"]


@BOTH
def test_a_key_that_a_second_user_planted_is_neither_served_nor_in_the_way(place: str) -> None:
    """It may displace ours, which is a miss; the next write displaces it. It was served as ours."""
    seen = what_comes_of("plant", place)

    assert isinstance(seen, list)
    assert len(seen) >= 6, "at least six rights and depths of a key of type user"
    for read, exists, names, *then in seen:
        assert read in ("of the first", None)
        assert exists == (read is not None)
        assert names in (["oidc-helper:credentials:analytics"], [])
        assert then == ["of the first", True, None]


@BOTH
def test_a_keyring_that_a_second_user_revoked_is_not_called_usable(place: str) -> None:
    """A search finds nothing there, as in an empty one; every write failed with "refuses (errno 126)"."""
    told = "the kernel keyring was revoked by a process that this user's session started"

    assert what_comes_of("revoke", place) == [False, told]


def test_get_prints_no_credentials_that_a_second_user_planted(home: Home) -> None:
    """The record is sound and has the right stamp: only its owner shows that it is not ours. It was printed."""
    home.configure("[profile.a]\n")
    stamp = paths.config_stamp([str(home.config)])
    foreign = record.compose("{}", serve_until=2**33, stamp=stamp, renew_from=2**33, expires_at=2**33)
    plant = """
import os, sys
from oidc_helper import kernel
os.setgroups([]); os.setgid(65534); os.setuid(65534)
key = kernel._syscall(0, b"user", sys.argv[1].encode(), sys.argv[2].encode(), len(sys.argv[2]), -3)
kernel._keyctl(5, key, 0x3f3f3f3f)
"""
    entry = f"oidc-helper:credentials:a@{home.config}"
    subprocess.run([sys.executable, "-c", plant, entry, foreign], check=True)

    done = home.run("get", "a")

    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("words", ["get a", "status", "logout --all", "create-token-with-iam"])
def test_a_process_of_two_users_is_refused(home: Home, words: str) -> None:
    """The keyring would be the real user's, and files and keys the effective one's."""
    home.configure("[profile.a]\n")
    become = "import os, sys; os.setresuid(65534, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"

    done = subprocess.run(
        [sys.executable, "-c", become, COMMAND, *words.split()],
        env=home.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "the real user is 65534, the effective one 0: " in done.stderr
    assert not kernel.exists(f"oidc-helper:credentials:a@{home.config}")
