"""A fresh record is printed with next to nothing imported; a stale, torn or foreign one is never served."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from homes import Home

from oidc_helper import kernel, paths, record

needs_kernel_keyring = pytest.mark.skipif(
    not kernel.available() and os.environ.get("OIDC_HELPER_REQUIRE_ALL") != "1", reason="needs the kernel keyring"
)

# What a hit adds to a bare interpreter; ctypes brings those below it.
LIBRARY = {"errno", "pwd", "time", "zlib", "ctypes", "_ctypes", "_struct", "struct", "ctypes._endian", "types"}
OURS = {f"oidc_helper{name}" for name in ("", ".cores", ".hotpath", ".kernel", ".paths", ".record")}

BODY = json.dumps({"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s", "Expiration": "x"})


def put(home: Home, name: str, *, serve_for_s: int = 1000, body: str = BODY, stamp: str | None = None) -> str:
    """Keep a record as a fetch would, and return its entry name."""
    now = int(time.time())
    text = record.compose(
        body,
        serve_until=now + serve_for_s,
        stamp=stamp or paths.config_stamp(str(home.config)),
        renew_from=now + serve_for_s,
    )
    entry = f"oidc-helper:credentials:{name}@{home.config}"
    os.environ[kernel.VARIABLE] = "session"
    kernel.write(entry, text.encode(), 60)
    return entry


@pytest.fixture
def configured(home: Home) -> Home:
    home.configure("[profile.a]\n")  # never read on a hit: it would be an error
    return home


@needs_kernel_keyring
def test_a_fresh_record_is_printed_as_it_is(configured: Home) -> None:
    """The answer is the stored JSON and a newline, whatever the configuration says."""
    put(configured, "a")

    done = configured.run("get", "a")

    assert (done.returncode, done.stdout, done.stderr) == (0, BODY + "\n", "")


@needs_kernel_keyring
def test_a_hit_imports_next_to_nothing(configured: Home) -> None:
    """Every module more is time in every AWS command of the user."""
    put(configured, "a")
    program = (
        "import sys; bare = set(sys.modules)\n"
        "from oidc_helper import hotpath\n"
        "answer = hotpath._cached(['oidc-helper', 'get', 'a'])\n"
        "assert answer\n"
        "print(*sorted(set(sys.modules) - bare))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=configured.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) <= LIBRARY | OURS


@needs_kernel_keyring
@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_variables_of_sdks_do_not_keep_a_hit_from_being_one(configured: Home, variable: str) -> None:
    """SDKs hand their whole environment down."""
    put(configured, "a")

    assert configured.run("get", "a", **{variable: "a"}).stdout == BODY + "\n"


def torn(text: bytes) -> bytes:
    return text[: len(text) // 2]


def flipped(text: bytes) -> bytes:
    return text[:-20] + bytes([text[-20] ^ 1]) + text[-19:]


def of_the_future(text: bytes) -> bytes:
    return b"2" + text[1:]


def foreign(_text: bytes) -> bytes:
    return b"\xff\x00 somebody else's"


@needs_kernel_keyring
@pytest.mark.parametrize("damage", [torn, flipped, of_the_future, foreign])
def test_a_damaged_record_is_a_miss(configured: Home, damage: Callable[[bytes], bytes]) -> None:
    """It falls through to the full program, which finds the configuration wanting."""
    entry = put(configured, "a")
    stored = kernel.read(entry)
    assert stored
    kernel.write(entry, damage(stored), 60)

    assert configured.run("get", "a").returncode == 2


@needs_kernel_keyring
def test_an_expired_record_is_a_miss(configured: Home) -> None:
    """From serve-until on it is not handed out."""
    put(configured, "a", serve_for_s=0)

    assert configured.run("get", "a").returncode == 2


@needs_kernel_keyring
def test_an_edited_configuration_is_a_miss(configured: Home) -> None:
    """Edited settings are seen without being parsed."""
    put(configured, "a")
    configured.configure("[profile.b]\n#\n")

    assert configured.run("get", "a").returncode == 2


@needs_kernel_keyring
def test_an_override_is_a_miss(configured: Home) -> None:
    """--refresh asks for new credentials, another configuration has its own records."""
    put(configured, "a")
    (configured.path / "other.toml").write_text("[profile.a]\n")

    assert configured.run("get", "--refresh", "a").returncode == 2
    assert configured.run("get", "a", OIDC_HELPER_CONFIG=str(configured.path / "other.toml")).returncode == 2


@pytest.mark.parametrize("xdg", ["", "/somewhere/config", "relative"])
def test_the_configuration_lies_where_platformdirs_says(monkeypatch: pytest.MonkeyPatch, xdg: str) -> None:
    """The hit path works it out by itself, to the same result."""
    monkeypatch.setenv("XDG_CONFIG_HOME", xdg)

    expected = Path(platformdirs.user_config_path("oidc-helper", appauthor=False)) / "config.toml"
    assert paths.default_config_file() == str(expected)
