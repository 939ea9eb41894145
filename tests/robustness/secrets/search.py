"""Commands that meet every failure with secrets at hand, and every place where those must not turn up."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.sign_ins import desk
from homes import file_config

from robustness.crashes.warm import Run, Warm
from robustness.ground import ALICE, Ground, Grounds

_LENGTH = 20  # characters by which a secret is recognised, wherever it was cut
_DELIVERED = ("get", "token", "create-token-with-iam")  # their answer is a secret, and is asked for


@dataclass(frozen=True)
class Found:
    """A secret where it should not be."""

    what: str
    words: Sequence[str]
    place: str

    def __str__(self) -> str:
        return f"{self.what} in {self.place} of {' '.join(self.words)}"


@dataclass(frozen=True)
class Searched:
    """How many pairs of a secret and a place were looked at, and the bad ones among them."""

    pairs: int
    found: list[Found]


def secrets(ground: Ground) -> dict[str, str]:
    """Every secret there is by now, and what it is."""
    state, user = ground.emulator._state, ground.emulator.directory.iam_user
    known = {token: f"{issued.kind} token" for token, issued in state.tokens.items()}
    known |= dict.fromkeys(state.contexts, "identity context")
    known |= dict.fromkeys(state.refresh_tokens, "the provider's refresh token")
    known |= dict.fromkeys(state.codes, "authorization code")
    known |= {one.secret_access_key: "secret access key" for one in state.credentials.values()}
    known |= {str(one.session_token): "session token" for one in state.credentials.values()}
    known |= {user.secret_access_key: "secret access key of the IAM user"}
    known |= {str(one.secret): "client secret" for one in ground.emulator.directory.identity_provider.clients.values()}
    for request in ground.emulator.requests:
        for name in ("code_verifier", "assertion", "WebIdentityToken"):
            value = request.asked(name)
            for part in str(value or "").split(".")[-2:]:  # of a JWT the header is none
                known[part] = name
    return {secret: what for secret, what in known.items() if secret not in ("", "None")}


# How an operation fails. `told` is what the service says, with a secret in it that it was sent.
Failure = Callable[[str], dict[str, Any]]
FAILURES: Mapping[str, Failure] = {
    "refused": lambda told: {"error": "AccessDeniedException", "message": told},
    "refused for its grant": lambda told: {"error": "InvalidGrantException", "message": told},
    "refused in OAuth's words": lambda told: {"error": "invalid_grant", "message": told},
    "expired": lambda told: {"error": "ExpiredTokenException", "message": told},
    "slow down": lambda told: {"error": "SlowDownException", "message": told},
    "failing": lambda told: {"status": 500, "body": told.encode()},
    "garbled": lambda told: {"body": f"<html>{told}</html>".encode()},
    "of another shape": lambda told: {"body": json.dumps({"accessToken": [told], "expiresIn": told}).encode()},
    "cut off": lambda told: {"body": json.dumps({"accessToken": told}).encode()[:-5]},
    "lost": lambda _told: {"cut": "after"},
}
OPERATIONS = (
    *("AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole", "GetRoleCredentials", "Logout"),
    *("Token", "Revoke"),
)
_AT_PROVIDER = ("Token", "Revoke")
_GET, _PORTAL, _LOGOUT = ("get", "--refresh", "analytics"), ("get", "--refresh", "dev-admin"), ("logout", "--all")
_MEETS = {"GetRoleCredentials": _PORTAL, "Logout": _LOGOUT, "Revoke": _LOGOUT}  # the command that makes the call
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
    ("explain", "analytics"),
    (
        *("create-token-with-iam", "--profile-settings", "analytics", "--store"),
        *("--grant-type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "--assertion", "file://assertion"),
    ),
    ("logout", "--all"),
)


def when_all_is_well(program: Warm, grounds: Grounds) -> Searched:
    """Every command, with and without the trace."""
    with grounds.new() as ground:
        _configure(ground)
        (ground.home.path / "assertion").write_text(ground.emulator.mint(ALICE))
        runs = [(words, program.run(ground.home, *words)) for one in ALL_WELL for words in (one, ("--debug", *one))]
        return _searched(ground, runs)


def when_it_fails(operation: str, failure: str, program: Warm, grounds: Grounds) -> Searched:
    """A call fails, at first and after others have worked; `status` tells of it later."""
    words = _MEETS.get(operation, _GET)
    runs = []
    with grounds.new() as ground:
        if operation in _AT_PROVIDER:
            ground.emulator.directory.application.grants.discard("refresh_token")
            desk(ground.home, ground.emulator)
            program.run(ground.home, "login", "analytics")
        else:
            _configure(ground)
        if operation in ("CreateTokenWithIAM", "Token"):
            ground.emulator.directory.application.access_token_lifetime_s = 30  # each fetch needs the refresh token
        for number, one in enumerate((words, ("--debug", *words), ("status",), ("--debug", *words))):
            if number == 1:
                program.run(ground.home, "get", "dev-admin" if operation == "GetRoleCredentials" else "analytics")
            told = f"this cannot be used: {_sent(ground, operation)}"
            ground.emulator.fault(operation, times=None, **FAILURES[failure](told))
            runs.append((one, program.run(ground.home, *one)))
            ground.emulator.clear_faults()
        return _searched(ground, runs)


def when_there_is_a_bug(program: Warm, grounds: Grounds) -> Searched:
    """An exception that nobody foresaw, thrown deep inside; `program` must have that mutation."""
    with grounds.new() as ground:
        _configure(ground)
        runs = [(words, program.run(ground.home, *words)) for words in (_GET, ("--debug", *_GET))]
        assert all(run.returncode == 1 and "which is a bug" in run.stderr for _, run in runs)
        return _searched(ground, runs)


def _configure(ground: Ground) -> None:
    """Let a new identity token be there whenever one is needed."""
    tokens = "\n".join(ground.emulator.mint(ALICE) for _ in range(10))
    (ground.home.path / "token").write_text(tokens)
    take = "t=$(head -n 1 token) && sed -i 1d token && echo $t"
    identity = f"source = \"command\"\ncommand = ['sh', '-c', 'cd {ground.home.path} && {take}']"
    ground.home.configure(file_config(ground.emulator, identity=identity))


def _sent(ground: Ground, operation: str) -> str:
    """The secret that the next such call will be sent."""
    state, vault = ground.emulator._state, ground.home.path / "keyring.json"
    kept = vault.read_text() if vault.exists() else ""
    latest = {issued.kind: token for token, issued in state.tokens.items() if token in kept}
    unused = (ground.home.path / "token").read_text().partition("\n")[0]
    return {
        "AssumeRoleWithWebIdentity": unused,
        "CreateTokenWithIAM": latest.get("refresh", unused),
        "AssumeRole": next(reversed(state.contexts), ""),
        "GetRoleCredentials": latest.get("access", ""),
        "Logout": latest.get("access", ""),
        **dict.fromkeys(_AT_PROVIDER, next((token for token in reversed(state.refresh_tokens) if token in kept), "")),
    }[operation]


def _searched(ground: Ground, runs: Sequence[tuple[Sequence[str], Run]]) -> Searched:
    """Look for every secret that there was in the end."""
    known = {secret[:_LENGTH]: what for secret, what in secrets(ground).items()}
    places = [(words, place, text) for words, run in runs for place, text in _places(words, run)]
    places += [(("all of them",), path, text) for path, text in _files(ground)]
    found = [
        Found(what, words, place) for words, place, text in places for secret, what in known.items() if secret in text
    ]
    return Searched(len(known) * len(places), found)


def _places(words: Sequence[str], run: Run) -> Iterator[tuple[str, str]]:
    yield "stderr", run.stderr
    if run.returncode or not any(word in _DELIVERED for word in words):
        yield "stdout", run.stdout
    for started in run.started:
        yield "arguments or variables of a program", started


def _files(ground: Ground) -> Iterator[tuple[str, str]]:
    """Whatever lies in the home, but for the vault and what the user put there."""
    for path in sorted(ground.home.path.rglob("*")):
        if path.is_file() and path.name not in ("keyring.json", "token", "assertion"):
            yield str(path.relative_to(ground.home.path)), path.read_bytes().decode("utf-8", "replace")
