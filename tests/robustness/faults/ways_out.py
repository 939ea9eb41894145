"""Ways in which a kept sign-in fails, each with a way out: the command of the hint, or the end of the trouble."""

import json
import os
import re
import select
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cli.sign_ins import Desk, desk
from fakes.browser import FakeBrowser

from oidc_helper.emulator.directory import JWT_BEARER, TOKEN_EXCHANGE
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE
from robustness.faults import machines
from robustness.faults.calls import EXCHANGE, OPEN, ROLE
from robustness.faults.world import ALICE, HOUR, Execute, Outcome, World, new_world

COMMANDS = ("get", "token", "login", "login --paste")
_DAY = 24 * HOUR
_CENTER_OVER = 9 * HOUR  # only the provider's session goes on
_ACCESS_OVER = HOUR + 10  # Identity Center's goes on too
_TOKENS = {"access_token": "x", "token_type": "Bearer", "expires_in": 300}
_TO_SIGN_IN = re.compile(r"(?<!to be another user: )oidc-helper (login(?: [\w-]+)?)")

Step = Callable[[World], object]


def _nothing(_: World) -> None:
    """There is nothing to do."""


def _cleared(world: World) -> None:
    world.emulator.clear_faults()


@dataclass(frozen=True)
class Failure:
    """What `begin` does to a sign-in that was kept `after_s` ago, and `end` mends; `prepare` comes before the sign-in.

    `code` is how `get` ends: with 3, or if it `has_hint`, the command of its hint is the way out; with another code but
    0 none is named, and once the failure has ended `get` works without a person.
    """

    begin: Step
    code: int
    after_s: int = _CENTER_OVER
    end: Step = _cleared
    prepare: Step = _nothing
    has_hint: bool = False
    profile: str = "analytics"


def _of(operation: str, parameters: Mapping[str, str], **order: Any) -> Step:
    def begin(world: World) -> None:
        world.emulator.fault(operation, parameters=parameters, **{"times": None, **order})

    return begin


def _silent(operation: str, parameters: Mapping[str, str]) -> Step:
    def begin(world: World) -> None:
        over = threading.Event()
        world.stack.callback(over.set)
        _of(operation, parameters, until=over)(world)

    return begin


_REFRESH = {"grant_type": "refresh_token"}


def _at_provider(**order: Any) -> Step:
    return _of("Token", _REFRESH, **order)


def _same_id_token(world: World) -> None:
    """The provider answers each renewal with a token that Identity Center has had."""
    body = json.dumps(_TOKENS | {"id_token": world.emulator.mint(ALICE, lifetime_s=30 * _DAY)}).encode()
    _at_provider(status=200, body=body)(world)
    world.pass_time(_CENTER_OVER)
    world.run("get", "--refresh", "analytics")
    world.pass_time(_CENTER_OVER)


def _refusing_one(grant: str, error: str) -> Step:
    """Identity Center refuses the first token that it is given."""
    return _of(EXCHANGE, {"grant_type": grant}, error=error, times=1)


def _failed_tomorrow(world: World) -> None:
    """The machine failed while it had tomorrow's date."""
    world.now += _DAY - 60
    assert world.run("get", "--refresh", "analytics").code
    world.now -= _DAY - 60


def _failed_sign_in_tomorrow(world: World) -> None:
    world.now += _DAY - 60
    world.emulator.fault("Token", error="access_denied", parameters={"grant_type": "authorization_code"})
    assert typed(world, "login --force analytics").code == 5
    world.now -= _DAY - 60


def _skewed(seconds: int) -> Step:
    return lambda world: world.emulator.skew(seconds)


def _shifted(seconds: int) -> Step:
    def begin(world: World) -> None:
        world.now += seconds

    return begin


def _forgotten(world: World) -> None:
    (world.home.path / "keyring.json").unlink(missing_ok=True)


def _corrupt(world: World) -> None:
    keyring = world.home.path / "keyring.json"
    kept = json.loads(keyring.read_text())
    keyring.write_text(json.dumps(dict.fromkeys(kept, "\x00{")))


def _in_another_vault(world: World) -> None:
    number = len(list(world.home.path.glob("keyring*")))
    world.variables(**{VARIABLE: str(world.home.path / f"keyring-{number}.json")})


def _vault_alone(world: World) -> None:
    world.variables(OIDC_HELPER_KERNEL_KEYRING="off")


def _secret_service_alone(world: World) -> None:
    machines.secret_service(world)
    _vault_alone(world)


def _in_another_session(world: World) -> None:
    """The sign-in lies in another keyring than the Secret Service of the session that follows."""
    _in_another_vault(world)
    assert typed(world, "login analytics").code == 0
    world.pass_time(_CENTER_OVER)
    machines.secret_service(world)


def _unlocked(world: World) -> None:
    assert world.service
    world.service.unlock()


def _no_vault(world: World) -> None:
    world.variables(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")


def _vault_again(world: World) -> None:
    world.variables(PYTHON_KEYRING_BACKEND=BACKEND)


# What providers answer to a refresh token that will not work until the person has been there.
_REFUSALS: Mapping[str, Mapping[str, Any]] = {
    **{
        error: {"error": error}
        for error in ("invalid_grant", "invalid_request", "interaction_required", "mfa_required")
    },
    "an empty 400": {"status": 400},
    "a page": {"status": 200, "body": b"<h1>Blocked</h1>"},
    "no ID token": {"status": 200, "body": json.dumps(_TOKENS).encode()},
}
FAILURES: Mapping[str, Failure] = {
    **{f"the provider: {name}": Failure(_at_provider(**order), 3) for name, order in _REFUSALS.items()},
    "the provider: the same ID token": Failure(_same_id_token, 3, after_s=0),
    "the provider: 503": Failure(_at_provider(status=503), 4),
    "the provider: silence": Failure(_silent("Token", _REFRESH), 4),
    **{
        f"Identity Center, refresh: {error}": Failure(_of(EXCHANGE, _REFRESH, error=error), code, _ACCESS_OVER)
        for error, code in {
            "InvalidGrantException": 0,
            "ExpiredTokenException": 0,
            "AccessDeniedException": 5,
            "InvalidClientException": 5,
        }.items()
    },
    "Identity Center, refresh: 503": Failure(_of(EXCHANGE, _REFRESH, status=503), 4, _ACCESS_OVER),
    "Identity Center, refresh: silence": Failure(_silent(EXCHANGE, _REFRESH), 4, _ACCESS_OVER),
    **{
        f"Identity Center, renewed token: {error}": Failure(_refusing_one(JWT_BEARER, error), code)
        for error, code in {
            "InvalidGrantException": 3,
            "ExpiredTokenException": 3,
            "AccessDeniedException": 5,
            "InvalidClientException": 5,
        }.items()
    },
    **{
        f"Identity Center, token of another profile: {error}": Failure(
            _refusing_one(TOKEN_EXCHANGE, error), code, profile="exchanged"
        )
        for error, code in {"InvalidGrantException": 3, "ExpiredTokenException": 3, "AccessDeniedException": 5}.items()
    },
    "Identity Center, renewed token: 503": Failure(_of(EXCHANGE, {"grant_type": JWT_BEARER}, status=503), 4),
    **{
        f"STS, {operation}: {error}": Failure(_of(operation, {}, error=error), code, after_s)
        for operation, after_s in ((OPEN, _CENTER_OVER), (ROLE, _ACCESS_OVER))
        for error, code in {
            "AccessDenied": 5,
            "ExpiredTokenException": 5,
            "InvalidClientTokenId": 5,
            "ServiceUnavailable": 4,
        }.items()
    },
    "a failure noted in the future": Failure(_failed_tomorrow, 0, after_s=0),
    "a failed sign-in noted in the future": Failure(_failed_sign_in_tomorrow, 0, _ACCESS_OVER),
    "the clock is ahead": Failure(_skewed(-1_200), 5, _ACCESS_OVER, _skewed(0)),
    "the clock is behind": Failure(_skewed(1_200), 5, _ACCESS_OVER, _skewed(0)),
    "the clock is a day ahead": Failure(_shifted(_DAY), 5, _ACCESS_OVER, _shifted(-_DAY)),
    "the clock is a day behind": Failure(_shifted(-_DAY), 0, _ACCESS_OVER, _shifted(_DAY)),
    "the vault is locked": Failure(machines.locked, 6, _ACCESS_OVER, _unlocked, _secret_service_alone),
    "there is no vault": Failure(_no_vault, 6, _ACCESS_OVER, _vault_again, _vault_alone),
    "the sign-in is in another session's vault": Failure(
        _in_another_session, 6, after_s=0, end=_vault_again, prepare=_vault_alone, has_hint=True
    ),
    "nothing is kept": Failure(_forgotten, 3, prepare=_vault_alone),
    "the records are corrupt": Failure(_corrupt, 3, prepare=_vault_alone),
    "the sign-in is in another vault": Failure(_in_another_vault, 3, prepare=_vault_alone),
}


@dataclass(frozen=True)
class WayOut:
    """One failure, with commands that a person may type then, each after a sign-in that went on till then."""

    name: str
    commands: tuple[str, ...] = COMMANDS

    def __str__(self) -> str:
        return self.name

    @property
    def slow(self) -> bool:
        """Whether commands wait for their deadline."""
        return self.name.endswith("silence")

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Type each command and take the way out of its failure. Raises AssertionError."""
        failure = FAILURES[self.name]
        with new_world(execute, keys) as world:
            person = desk(world.home, world.emulator)
            person.configure(defaults="deadline_seconds = 5")
            failure.prepare(world)
            assert typed(world, f"login {failure.profile}").code == 0
            for command in self.commands:
                world.pass_time(failure.after_s)
                failure.begin(world)
                outcome = typed(world, f"{command} {failure.profile}")
                assert outcome.code == failure.code or command != "get", outcome
                if failure.code in (0, 3) or failure.has_hint:
                    _check_hint(world, failure, outcome)
                else:
                    _check_end(world, failure, outcome, person)


def _check_hint(world: World, failure: Failure, outcome: Outcome) -> None:
    """Whatever the command was, its hint is enough while the failure lasts."""
    if outcome.code:
        assert (outcome.code, outcome.words[0] == "login") == (failure.code, False), outcome
        to_type = _TO_SIGN_IN.findall(outcome.stderr)[0]
        failure.end(world)
        failure.begin(world)
        signed_in = typed(world, to_type)
        assert signed_in.code == 0, signed_in
    last = world.run("get", failure.profile)
    assert last.answered, (outcome, last)
    failure.end(world)


def _check_end(world: World, failure: Failure, outcome: Outcome, person: Desk) -> None:
    """No sign-in is asked for that would not help, and none is needed afterwards."""
    assert outcome.code in (0, failure.code), outcome
    assert not _TO_SIGN_IN.search(outcome.stderr), outcome
    failure.end(world)
    opened = len(person.browser.opened)
    last = world.run("get", failure.profile)
    assert last.answered, (outcome, last)
    assert len(person.browser.opened) == opened


def typed(world: World, command: str) -> Outcome:
    """Run a command at a terminal, where a person pastes the address that it asks for."""
    with _terminal() as name:
        before = world.before
        # A terminal controls who opens it while leading a session of its own, as forks do and whole processes do not.
        world.before += f"import os\nos.getsid(0) == os.getpid() or os.setsid()\nos.open({name!r}, os.O_RDWR)\n"
        try:
            return world.run(*command.split())
        finally:
            world.before = before


@contextmanager
def _terminal() -> Iterator[str]:
    ours, theirs = os.openpty()
    person = threading.Thread(target=_paste, args=(ours,), daemon=True)
    person.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        person.join()
        os.close(ours)


def _paste(terminal: int) -> None:
    """Paste what the address on the screen leads to, until the terminal is closed."""
    screen = ""
    while True:
        reads_keys = not termios.tcgetattr(terminal)[3] & termios.ICANON
        if reads_keys and screen.endswith("> ") and (asked := re.search(r"^(http\S+)\r$", screen, re.MULTILINE)):
            os.write(terminal, FakeBrowser().redirect_of(asked[1]).encode() + b"\r")
            screen = ""
        if select.select([terminal], [], [], 0.02)[0]:
            try:
                screen += os.read(terminal, 65_536).decode()
            except OSError:  # nobody has it open any more
                return


def cells() -> list[WayOut]:
    """The whole table."""
    return [WayOut(name) for name in FAILURES]


def some_cells() -> list[WayOut]:
    """Every failure, met by two of the four commands in turns."""
    return [WayOut(name, COMMANDS[number % 2 :: 2]) for number, name in enumerate(FAILURES)]
