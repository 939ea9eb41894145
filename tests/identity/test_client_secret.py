"""The secret of a confidential client, from the keyring or a command, and the error where it is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keyring
import pytest

from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE
from oidc_helper.errors import StoreUnusable, WrongSettings
from oidc_helper.identity import client_secret
from oidc_helper.settings import ClientSecret, Identity


def identity(kept: ClientSecret | None) -> Identity:
    return Identity("corp", "browser", client_secret=kept)


# In a process of its own: anything that its commands leave open ends with it.
RESOLVE = """
import json, sys
from oidc_helper.errors import OidcHelperError
from oidc_helper.identity import client_secret
from oidc_helper.settings import ClientSecret, Identity
identity = Identity("corp", "browser", client_secret=ClientSecret(command=(sys.executable, "-c", sys.argv[1])))
try:
    print(json.dumps(client_secret.resolve(identity, timeout_s=20)))
except OidcHelperError as error:
    print(json.dumps([type(error).__name__, error.message, error.hint]))
"""


def printed_by(code: str) -> Any:
    """The secret that a Python program prints, or the error."""
    return json.loads(subprocess.check_output([sys.executable, "-c", RESOLVE, code]))


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The entry `corp` of a keyring, as a person puts it there."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", BACKEND)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "keyring.json"))
    keyring.core.init_backend()
    keyring.set_password("corp", "oidc-helper", "hunter2")
    return "corp"


def test_a_public_client_has_no_secret() -> None:
    assert client_secret.resolve(identity(None), timeout_s=20) is None


def test_the_output_of_a_command_is_the_secret() -> None:
    """Without the end of its line."""
    assert printed_by("print('hunter2')") == "hunter2"
    assert printed_by("print(' a b ', end='')") == " a b "


def test_the_entry_of_a_keyring_is_the_secret(ring: str) -> None:
    """A person put it there with `keyring set`."""
    assert client_secret.resolve(identity(ClientSecret(keyring=ring)), timeout_s=20) == "hunter2"


def test_a_place_without_a_secret_is_named_with_its_remedy(ring: str) -> None:
    """An entry that does not exist, a command that prints nothing."""
    with pytest.raises(WrongSettings) as caught:
        client_secret.resolve(identity(ClientSecret(keyring=ring + "2")), timeout_s=20)

    assert caught.value.message == "the keyring entry corp2 holds no client_secret"
    assert caught.value.hint == "keyring set corp2 oidc-helper"
    assert printed_by("pass") == [
        "WrongSettings",
        f"the client_secret command {sys.executable} holds no client_secret",
        "see what it prints",
    ]


def test_without_a_keyring_the_hint_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with pytest.raises(StoreUnusable) as caught:
        client_secret.resolve(identity(ClientSecret(keyring="corp")), timeout_s=20)

    assert caught.value.hint == "set client_secret = { command = [...] }"


def test_a_failing_command_shows_its_complaint_and_not_its_output() -> None:
    """The output may hold the secret."""
    kind, message, hint = printed_by("print('hunter2'); raise SystemExit('locked')")

    assert kind == "StoreUnusable"
    assert message == f"the client_secret command {sys.executable} failed with exit code 1: locked"
    assert hint == "see what it prints"


def test_of_a_long_complaint_the_last_line_is_shown() -> None:
    """Seen: of a traceback only the beginning was left, without the cause."""
    _, message, _ = printed_by(
        "import sys; sys.stderr.write('Traceback\\n' + 'line\\n' * 200 + '\\nno route\\n\\n'); sys.exit(1)"
    )

    assert message == f"the client_secret command {sys.executable} failed with exit code 1: no route"


def test_the_output_of_a_command_counts_while_its_daemon_holds_the_pipe(tmp_path: Path) -> None:
    """As an agent does that the command starts: the secret was `empty` after the whole deadline."""
    end = tmp_path / "end"
    os.mkfifo(end)
    daemon = f"subprocess.Popen(['/bin/sh', '-c', 'read end <{end}'])"

    assert printed_by(f"import subprocess; {daemon}; print('hunter2')") == "hunter2"
    end.write_text("\n")  # the daemon lives, and opens it


def test_a_command_that_prints_without_end_is_named() -> None:
    kind, message, _ = printed_by("while True: print('hunter2')")

    assert kind == "StoreUnusable"
    assert message == f"the client_secret command {sys.executable} printed more than any identity token or secret"
