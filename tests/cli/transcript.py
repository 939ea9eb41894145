"""The output of a command, held to the rules of all commands: where it goes, its form, and that it holds no secret."""

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any

from homes import Home

from oidc_helper.emulator import Emulator
from oidc_helper.manual import errors

_ROWS = [row for section in errors.table() for row in section.rows]
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Complaint:
    """How a command failed; the message stands without the program's name."""

    code: int
    message: str
    hint: str


def complaint(done: Done) -> Complaint:
    """Read a failure: nothing on stdout, on stderr a message of the manual and at most one hint, printable."""
    lines = done.stderr.split("\n")
    assert done.returncode != 0
    assert done.stdout == ""
    assert lines.pop() == "", "the last line ends too"
    assert all(line.isprintable() for line in lines), done.stderr
    assert lines[0].startswith("oidc-helper: "), done.stderr
    assert [line.startswith("hint: ") for line in lines[1:]] in ([], [True]), done.stderr
    hint = lines[1].removeprefix("hint: ") if lines[1:] else ""
    told = Complaint(done.returncode, lines[0].removeprefix("oidc-helper: "), hint)
    assert any(row.fits(told.message) for row in _ROWS), f"oidc-helper-errors(7) has nothing on {told}"
    return told


def answer(done: Done) -> dict[str, Any]:
    """Read the credentials of a run that said nothing else: one compact ASCII object and the end of its line."""
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert done.stdout.count("\n") == 1
    assert len(done.stdout) < 8_192, "Go reads no more"
    credentials: dict[str, Any] = json.loads(done.stdout)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", credentials["Expiration"]), "SDKs read no other form"
    return credentials


def secrets(home: Home, emulator: Emulator) -> set[str]:
    """Gather every secret: those that the emulator has issued so far, and the identity token of the home."""
    state, user = emulator._state, emulator.directory.iam_user
    vended = list(state.credentials.values())
    token = home.path / "token"
    identity = token.read_text(errors="replace").strip() if token.is_file() else ""
    parts = identity.split(".")[1:] if identity.count(".") == 2 else []  # the header is no secret
    return {
        *state.tokens,
        *state.contexts,
        *(one.secret_access_key for one in vended),
        *(str(one.session_token) for one in vended),
        user.secret_access_key,
        *(part for part in parts if len(part) > 8),
    }


def tells(text: str, hidden: set[str]) -> list[str]:
    """List the secrets that a text gives away, in full or by their beginning."""
    return [secret[:12] + "..." for secret in hidden if secret and secret[:24] in text]
