"""What is killed at each of its calls that change anything, and what must hold afterwards."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from homes import file_config
from robustness.crashes.warm import LOCKER, Run, Warm
from robustness.ground import ALICE, Ground, Grounds

from oidc_helper import kernel

GET = ("get", "analytics")
RENEW = ("get", "--refresh", "analytics")
LOGOUT = ("logout", "--all")
EXCHANGE = "CreateTokenWithIAM"
_VAULT = "keyring.json"
_DEADLINE_S = 20  # a lock that stays is waited for that long


@dataclass(frozen=True)
class Scenario:
    """Commands that run to their end, then the one that is killed."""

    name: str
    words: Sequence[str]
    before: Sequence[Sequence[str]] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


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
    Scenario("logout, only a vault that splits", LOGOUT, [GET, RENEW], _ONLY_VAULT),
    Scenario("cold fetch, no vault", GET, variables=_NO_VAULT),
    Scenario("logout, no vault", LOGOUT, [GET], _NO_VAULT),
)


@dataclass(frozen=True)
class Trial:
    """A scenario that is killed before its call of that number, and the command that is tried next."""

    scenario: Scenario
    kill_at: int
    next_words: Sequence[str]


@dataclass(frozen=True)
class Verdict:
    """The call that a killed run did not make any more, and what was wrong after it."""

    trial: Trial
    call: str
    problems: list[str]

    def __str__(self) -> str:
        told = self.trial
        return (
            f"{told.scenario.name}, killed before its call {told.kill_at} ({self.call}), "
            f"then {told.next_words[0]}: {'; '.join(self.problems)}"
        )


def trials(scenario: Scenario, program: Warm, grounds: Grounds) -> list[Trial]:
    """Every call that a whole run of it makes, followed by another `get` and by `logout`."""
    with _prepared(scenario, program, grounds) as ground:
        calls = program.run(ground.home, *scenario.words).calls
    return [Trial(scenario, number + 1, words) for number in range(len(calls)) for words in (GET, LOGOUT)]


def judged(trial: Trial, program: Warm, grounds: Grounds) -> Verdict | None:
    """Run it; None where it took fewer calls this time."""
    with _prepared(trial.scenario, program, grounds) as ground:
        sent = ground.emulator.count(EXCHANGE)
        run = program.run(ground.home, *trial.scenario.words, kill_at=trial.kill_at)
        if not run.killed:
            return None
        renewed = ground.emulator.count(EXCHANGE) > sent
        if trial.next_words == LOGOUT:
            problems = list(_unforgotten(program, ground))
        else:
            problems = list(_unanswered(program, ground, may_ask=_may_ask(run, trial, renewed=renewed)))
        return Verdict(trial, run.calls[-1], problems)


@contextmanager
def _prepared(scenario: Scenario, program: Warm, grounds: Grounds) -> Iterator[Ground]:
    """A home in which refresh tokens rotate, one used twice ends the session, and access tokens do not live long."""
    with grounds.new(**scenario.variables) as ground:
        application = ground.emulator.directory.application
        application.reuse_ends_session = True
        application.access_token_lifetime_s = 30  # less than a fetch accepts: each goes by the refresh token
        ground.home.configure(file_config(ground.emulator, defaults=f"deadline_seconds = {_DEADLINE_S}"))
        if scenario.variables.get(LOCKER):
            ground.home.environment[LOCKER] = str(ground.home.path / _VAULT)
        for words in scenario.before:
            run = program.run(ground.home, *words)
            assert run.returncode == 0, run.stderr
        yield ground


def _may_ask(run: Run, trial: Trial, *, renewed: bool) -> bool:
    """Whether the only copy of a token may have died: between the note that it is sent, and the vault's last word."""
    done = run.calls[:-1]
    if trial.scenario.words == LOGOUT:
        return any(call.startswith("sendto") for call in done)
    return renewed or any(call.startswith("rename") and call.endswith("index.json") for call in done)


def _unanswered(program: Warm, ground: Ground, *, may_ask: bool) -> Iterator[str]:
    """What is wrong with the next calls: `get`, one with new credentials, and `logout`."""
    for words in (GET, RENEW):
        run = program.run(ground.home, *words)
        if run.returncode == 3 and may_ask and "was sent before" in run.stderr and "hint: " in run.stderr:
            ground.home.write_token(ground.emulator.mint(ALICE))
            run = program.run(ground.home, *words)
        yield from _wrong_answer(run, ground)
    yield from _unforgotten(program, ground)


def _wrong_answer(run: Run, ground: Ground) -> Iterator[str]:
    if run.returncode != 0 or run.stderr:
        yield f"exit {run.returncode}: {run.stderr.strip()}"
    elif not ground.is_genuine(json.loads(run.stdout)):
        yield "credentials that nobody gave out"


def _unforgotten(program: Warm, ground: Ground) -> Iterator[str]:
    run = program.run(ground.home, *LOGOUT)
    if run.returncode != 0:
        yield f"logout: exit {run.returncode}: {run.stderr.strip()}"
    if left := ground.kept():
        yield f"after logout there is {', '.join(left)}"
