"""Runs commands through every failure, and searches every place for the secrets that they used."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.sign_ins import desk
from homes import file_config

from robustness.crashes.warm import Program, Run
from robustness.sandbox import ALICE, Sandbox, Sandboxes

_LENGTH = 20  # characters by which a secret is recognised even if it was cut
_DELIVERED = ("get", "token", "create-token-with-iam", "env")  # their output is the secret that the user asked for
_IN_ADDRESS = re.compile(r"(?<=&SigninToken=)[^&\s]+")  # of the console: `--print` is to show it
_HANDED_OVER = ("AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=")  # the variables of the program that `exec` becomes


@dataclass(frozen=True)
class Leak:
    """A secret in a place where it must not be."""

    secret: str
    words: Sequence[str]
    place: str

    def __str__(self) -> str:
        return f"{self.secret} in {self.place} of {' '.join(self.words)}"


@dataclass(frozen=True)
class Search:
    """The number of pairs of a secret and a place, and the leaks among them."""

    pairs: int
    leaks: list[Leak]


def secrets(sandbox: Sandbox) -> dict[str, str]:
    """Every secret that exists by now -> its name."""
    state, user = sandbox.emulator._state, sandbox.emulator.directory.iam_user
    known = {token: f"{issued.kind} token" for token, issued in state.tokens.items()}
    known |= dict.fromkeys(state.contexts, "identity context")
    known |= dict.fromkeys(state.refresh_tokens, "the provider's refresh token")
    known |= dict.fromkeys(state.codes, "authorization code")
    known |= {one.secret_access_key: "secret access key" for one in state.credentials.values()}
    known |= {str(one.session_token): "session token" for one in state.credentials.values()}
    known |= dict.fromkeys(state.sign_in_tokens, "sign-in token of the console")
    known |= {user.secret_access_key: "secret access key of the IAM user"}
    known |= {str(one.secret): "client secret" for one in sandbox.emulator.directory.identity_provider.clients.values()}
    for request in sandbox.emulator.requests:
        for name in ("code_verifier", "assertion", "WebIdentityToken"):
            value = request.asked(name)
            for part in str(value or "").split(".")[-2:]:  # the header of a JWT is not secret
                known[part] = name
    return {secret: name for secret, name in known.items() if secret not in ("", "None")}


# How an operation fails. `message` is the service's message, which repeats a secret from the request.
Failure = Callable[[str], dict[str, Any]]
FAILURES: Mapping[str, Failure] = {
    "refused": lambda message: {"error": "AccessDeniedException", "message": message},
    "refused for its grant": lambda message: {"error": "InvalidGrantException", "message": message},
    "refused in OAuth's words": lambda message: {"error": "invalid_grant", "message": message},
    "expired": lambda message: {"error": "ExpiredTokenException", "message": message},
    "slow down": lambda message: {"error": "SlowDownException", "message": message},
    "failing": lambda message: {"status": 500, "body": message.encode()},
    "garbled": lambda message: {"body": f"<html>{message}</html>".encode()},
    "of another shape": lambda message: {"body": json.dumps({"accessToken": [message], "expiresIn": message}).encode()},
    "cut off": lambda message: {"body": json.dumps({"accessToken": message}).encode()[:-5]},
    "lost": lambda _message: {"cut": "after"},
}
OPERATIONS = (
    *("AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole", "GetRoleCredentials", "Logout"),
    *("Token", "Revoke"),
)
_AT_PROVIDER = ("Token", "Revoke")
_GET, _PORTAL, _LOGOUT = ("get", "--refresh", "analytics"), ("get", "--refresh", "dev-admin"), ("logout", "--all")
_MEETS = {"GetRoleCredentials": _PORTAL, "Logout": _LOGOUT, "Revoke": _LOGOUT}  # the commands that make these calls
ALL_WELL = (
    ("get", "analytics"),
    ("get", "dev-admin"),
    ("get", "--refresh", "analytics"),
    ("get", "--ahead", "analytics"),
    ("token", "analytics"),
    ("token", "--id-token", "analytics"),
    ("login", "analytics"),
    ("status",),
    ("status", "--json"),
    ("status", "--check"),
    ("status", "--prompt", "analytics"),
    ("env", "analytics"),
    ("exec", "analytics", "--", "/bin/true"),
    ("console", "--print", "dev-admin"),
    ("profiles", "dev-admin"),
    ("profiles", "--json", "dev-admin"),
    ("completion", "--names", "profiles"),
    ("explain", "analytics"),
    ("explain", "--json", "analytics"),
    ("configure", "--yes", "--duration-seconds", "1800", "analytics"),
    ("doctor", "analytics"),
    ("doctor", "--json", "--exchange", "analytics"),
    (
        *("create-token-with-iam", "--profile-settings", "analytics", "--store"),
        *("--grant-type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "--assertion", "file://assertion"),
    ),
    ("logout", "--all"),
)


def when_all_is_well(program: Program, sandboxes: Sandboxes) -> Search:
    """Run every command with and without --debug."""
    with sandboxes.new() as sandbox:
        _configure(sandbox)
        (sandbox.home.path / "assertion").write_text(sandbox.emulator.mint(ALICE))
        runs = [(words, program.run(sandbox.home, *words)) for one in ALL_WELL for words in (one, ("--debug", *one))]
        return _searched(sandbox, runs)


def when_it_fails(operation: str, failure: str, program: Program, sandboxes: Sandboxes) -> Search:
    """Let a call fail at once and again after a success; `status` reports the failure."""
    words = _MEETS.get(operation, _GET)
    runs = []
    with sandboxes.new() as sandbox:
        if operation in _AT_PROVIDER:
            sandbox.emulator.directory.application.grants.discard("refresh_token")
            desk(sandbox.home, sandbox.emulator)
            program.run(sandbox.home, "login", "analytics")
        else:
            _configure(sandbox)
        if operation in ("CreateTokenWithIAM", "Token"):
            sandbox.emulator.directory.application.access_token_lifetime_s = 30  # each fetch needs the refresh token
        for number, one in enumerate((words, ("--debug", *words), ("status",), ("--debug", *words))):
            if number == 1:
                program.run(sandbox.home, "get", "dev-admin" if operation == "GetRoleCredentials" else "analytics")
            message = f"this cannot be used: {_sent(sandbox, operation)}"
            sandbox.emulator.fault(operation, times=None, **FAILURES[failure](message))
            runs.append((one, program.run(sandbox.home, *one)))
            sandbox.emulator.clear_faults()
        return _searched(sandbox, runs)


def when_there_is_a_bug(program: Program, sandboxes: Sandboxes) -> Search:
    """An unexpected exception deep inside; `program` must have that mutation."""
    with sandboxes.new() as sandbox:
        _configure(sandbox)
        runs = [(words, program.run(sandbox.home, *words)) for words in (_GET, ("--debug", *_GET))]
        assert all(run.returncode == 1 and "which is a bug" in run.stderr for _, run in runs)
        return _searched(sandbox, runs)


def _configure(sandbox: Sandbox) -> None:
    """Configure a command that prints a new identity token each time."""
    tokens = "\n".join(sandbox.emulator.mint(ALICE) for _ in range(10))
    (sandbox.home.path / "token").write_text(tokens)
    take = "t=$(head -n 1 token) && sed -i 1d token && echo $t"
    identity = f"source = \"command\"\ncommand = ['sh', '-c', 'cd {sandbox.home.path} && {take}']"
    sandbox.home.configure(file_config(sandbox.emulator, identity=identity))


def _sent(sandbox: Sandbox, operation: str) -> str:
    """The secret that the next call of the operation will send."""
    state, vault = sandbox.emulator._state, sandbox.home.path / "keyring.json"
    vault_text = vault.read_text() if vault.exists() else ""
    latest = {issued.kind: token for token, issued in state.tokens.items() if token in vault_text}
    unused = (sandbox.home.path / "token").read_text().partition("\n")[0]
    return {
        "AssumeRoleWithWebIdentity": unused,
        "CreateTokenWithIAM": latest.get("refresh", unused),
        "AssumeRole": next(reversed(state.contexts), ""),
        "GetRoleCredentials": latest.get("access", ""),
        "Logout": latest.get("access", ""),
        **dict.fromkeys(
            _AT_PROVIDER, next((token for token in reversed(state.refresh_tokens) if token in vault_text), "")
        ),
    }[operation]


def _searched(sandbox: Sandbox, runs: Sequence[tuple[Sequence[str], Run]]) -> Search:
    """Search every place for every secret that exists in the end."""
    known = {secret[:_LENGTH]: name for secret, name in secrets(sandbox).items()}
    places = [(words, place, text) for words, run in runs for place, text in _places(words, run)]
    places += [(("all of them",), path, text) for path, text in _files(sandbox)]
    leaks = [
        Leak(name, words, place) for words, place, text in places for secret, name in known.items() if secret in text
    ]
    return Search(len(known) * len(places), leaks)


def _places(words: Sequence[str], run: Run) -> Iterator[tuple[str, str]]:
    yield "stderr", run.stderr
    if run.returncode or not any(word in _DELIVERED for word in words):
        yield "stdout", _IN_ADDRESS.sub("", run.stdout) if "--print" in words else run.stdout
    for started in run.started:
        parts = started.split("\0")
        asked_for = _HANDED_OVER if "exec" in words else ()
        yield "arguments or variables of a program", "\0".join(part for part in parts if not part.startswith(asked_for))


def _files(sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Every file in the home but the vault and the user's own files."""
    for path in sorted(sandbox.home.path.rglob("*")):
        if path.is_file() and path.name not in ("keyring.json", "token", "assertion"):
            yield str(path.relative_to(sandbox.home.path)), path.read_bytes().decode("utf-8", "replace")
