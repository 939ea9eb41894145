"""What is killed, or has no room left, at each of its calls that change anything, and what must hold afterwards."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.sign_ins import desk
from homes import file_config

from oidc_helper import kernel
from robustness.crashes.harms import KILL, Harm
from robustness.crashes.warm import LOCKER, Run, Warm
from robustness.ground import ALICE, Ground, Grounds

GET = ("get", "analytics")
RENEW = ("get", "--refresh", "analytics")
LOGIN = ("login", "analytics")
LOGOUT = ("logout", "--all")
EXCHANGE = "CreateTokenWithIAM"
_VAULT = "keyring.json"
_DEADLINE_S = 20  # a lock that stays is waited for that long


@dataclass(frozen=True)
class Scenario:
    """Commands that run to their end, then the one that is killed; `person` signs in with a browser.

    Where no token rotates a killed renewal has cost nothing, and nobody may be asked.
    """

    name: str
    words: Sequence[str]
    before: Sequence[Sequence[str]] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    person: bool = False
    rotates: bool = True


_SPLIT = {LOCKER: _VAULT, "PYTHON_KEYRING_BACKEND": "keyring.backends.Windows.WinVaultKeyring"}
_ONLY_VAULT = {**_SPLIT, kernel.VARIABLE: "off"}
_NO_VAULT = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}

SCENARIOS = (
    Scenario("cold fetch", GET),
    Scenario("renewal", RENEW, [GET]),
    Scenario("logout", LOGOUT, [GET]),
    Scenario("cold fetch, a vault that splits", GET, variables=_SPLIT),
    Scenario("renewal, a vault that splits", RENEW, [GET], _SPLIT),
    Scenario("renewal, only a vault that splits", RENEW, [GET, RENEW], _ONLY_VAULT),
    Scenario("renewal without rotation, only a vault that splits", RENEW, [GET, RENEW], _ONLY_VAULT, rotates=False),
    Scenario("logout, only a vault that splits", LOGOUT, [GET, RENEW], _ONLY_VAULT),
    Scenario("cold fetch, no vault", GET, variables=_NO_VAULT),
    Scenario("logout, no vault", LOGOUT, [GET], _NO_VAULT),
    Scenario("sign-in with the browser", LOGIN, person=True),
    Scenario("renewal at the provider", RENEW, [LOGIN], person=True),
    Scenario("logout at the provider too", LOGOUT, [LOGIN], person=True),
    Scenario("renewal at the provider, only a vault that splits", RENEW, [LOGIN], _ONLY_VAULT, person=True),
)


@dataclass(frozen=True)
class Trial:
    """A scenario that something befalls at its call `call`, and what comes next."""

    scenario: Scenario
    harm: Harm
    call: str
    then: str


# What comes next. Whose profile is removed from the configuration can be signed out by what is noted alone.
ANSWERS, FORGETS, FORGETS_REMOVED = "get answers", "logout forgets", "logout forgets a removed profile"


@dataclass(frozen=True)
class Verdict:
    """What was wrong after a trial."""

    trial: Trial
    problems: list[str]

    def __str__(self) -> str:
        told = self.trial
        return (
            f"{told.scenario.name}, {told.harm.kind} at its call {told.harm.at} ({told.call}), "
            f"not so: {told.then}: {'; '.join(self.problems)}"
        )


def trials(scenario: Scenario, program: Warm, grounds: Grounds, kind: str = KILL) -> list[Trial]:
    """Every call of a whole run of it at which that makes a difference, with all that may come next."""
    with _prepared(scenario, program, grounds) as ground:
        calls = program.run(ground.home, *scenario.words).calls
    harms = [(Harm(kind, number), call) for number, call in enumerate(calls, 1)]
    return [
        Trial(scenario, harm, call, then)
        for harm, call in harms
        for then in (ANSWERS, FORGETS, FORGETS_REMOVED)
        if kind == KILL or harm.fails(call)
    ]


def judged(trial: Trial, program: Warm, grounds: Grounds) -> Verdict | None:
    """Run it; None where it took fewer calls this time."""
    with _prepared(trial.scenario, program, grounds) as ground:
        sent = _spent(ground)
        run = program.run(ground.home, *trial.scenario.words, harm=trial.harm)
        if trial.harm.kind == KILL and not run.killed:
            return None
        problems = [] if run.killed else list(_wrong_without_room(run, trial, ground))
        if trial.then == ANSWERS:
            may_ask = trial.scenario.rotates and _may_ask(run, trial, spent=_spent(ground) > sent)
            problems += _unanswered(program, ground, may_ask=may_ask, person=trial.scenario.person)
        else:
            if trial.then == FORGETS_REMOVED:
                ground.home.configure('[identity.other]\nsource = "file"\npath = "token"\n')
            problems += _unforgotten(program, ground)
        return Verdict(trial, problems)


def _wrong_without_room(run: Run, trial: Trial, ground: Ground) -> Iterator[str]:
    """The answer comes first, be there room to keep it or not; what cannot be forgotten is said."""
    if trial.scenario.words in (GET, RENEW):
        yield from _wrong_answer(run, ground)
    elif run.returncode not in (0, 6) or (run.returncode == 6 and "hint: " not in run.stderr):
        yield from _failure(run)


@contextmanager
def _prepared(scenario: Scenario, program: Warm, grounds: Grounds) -> Iterator[Ground]:
    """A home in which refresh tokens rotate, one used twice ends the session, and access tokens do not live long."""
    with grounds.new(**scenario.variables) as ground:
        application = ground.emulator.directory.application
        application.reuse_ends_session = True
        application.rotates_refresh_tokens = scenario.rotates
        application.access_token_lifetime_s = 30  # less than a fetch accepts: each goes by the refresh token
        patience = f"deadline_seconds = {_DEADLINE_S}"
        if scenario.person:  # whose session is the provider's, since this application gives no refresh tokens
            application.grants.discard("refresh_token")
            desk(ground.home, ground.emulator).configure(defaults=patience)
        else:
            ground.home.configure(file_config(ground.emulator, defaults=patience))
        if scenario.variables.get(LOCKER):
            ground.home.environment[LOCKER] = str(ground.home.path / _VAULT)
        for words in scenario.before:
            run = program.run(ground.home, *words)
            assert run.returncode == 0, run.stderr
        yield ground


def _spent(ground: Ground) -> int:
    """How many proofs the servers have taken, each of which is good for once."""
    return ground.emulator.count(EXCHANGE) + ground.emulator.count("Token")


def _may_ask(run: Run, trial: Trial, *, spent: bool) -> bool:
    """Whether the only copy of a token may have died: between the note that it is sent, and the vault's last word."""
    done, scenario = run.calls[:-1], trial.scenario
    if scenario.words == LOGIN:
        return True
    if scenario.words == LOGOUT:
        return any(call.startswith("sendto") for call in done)
    return spent or any(call.startswith("rename") and call.endswith("index.json") for call in done)


def _unanswered(program: Warm, ground: Ground, *, may_ask: bool, person: bool) -> Iterator[str]:
    """What is wrong with the next calls: `get`, one with new credentials, and `logout`."""
    for words in (GET, RENEW):
        run = program.run(ground.home, *words)
        if run.returncode == 3 and may_ask and _says_so(run, person=person):
            may_ask = False
            if person:
                yield from _failure(program.run(ground.home, *LOGIN))
            else:
                ground.home.write_token(ground.emulator.mint(ALICE))
            run = program.run(ground.home, *words)
        yield from _wrong_answer(run, ground)
    yield from _unforgotten(program, ground)


def _says_so(run: Run, *, person: bool) -> bool:
    if person:
        return run.stderr.endswith(f"hint: oidc-helper {' '.join(LOGIN)}\n")
    return "was sent before" in run.stderr and "hint: " in run.stderr


def _failure(run: Run) -> Iterator[str]:
    if run.returncode != 0:
        yield f"exit {run.returncode}: {run.stderr.strip()}"


def _wrong_answer(run: Run, ground: Ground) -> Iterator[str]:
    if run.returncode != 0 or run.stderr:
        yield f"exit {run.returncode}: {run.stderr.strip()}"
    elif not ground.is_genuine(json.loads(run.stdout)):
        yield "credentials that nobody gave out"


def _unforgotten(program: Warm, ground: Ground) -> Iterator[str]:
    yield from _failure(program.run(ground.home, *LOGOUT))
    if left := ground.kept():
        yield f"after logout there is {', '.join(left)}"
