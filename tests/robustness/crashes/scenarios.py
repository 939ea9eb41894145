"""The scenarios in which a command is harmed at one of its system calls, and the rules for the commands after it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.sign_ins import desk
from homes import file_config

from oidc_helper import kernel
from robustness.crashes.harms import KILL, Harm
from robustness.crashes.warm import LOCKER, Program, Run
from robustness.sandbox import ALICE, Sandbox, Sandboxes

GET = ("get", "analytics")
RENEW = ("get", "--refresh", "analytics")
LOGIN = ("login", "analytics")
LOGOUT = ("logout", "--all")
EXCHANGE = "CreateTokenWithIAM"
_VAULT = "keyring.json"
_DEADLINE_S = 20  # how long a command waits for a lock that was never released


@dataclass(frozen=True)
class Scenario:
    """Commands `before` that run to their end, then the harmed command `words`; with `person` one signs in by browser.

    If no token rotates, a killed renewal has lost nothing, so no command may ask for a sign-in.
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
    """A scenario whose command is harmed at `call`, and the check `then` that comes next."""

    scenario: Scenario
    harm: Harm
    call: str
    then: str


# The checks that come next. A profile without configuration can be signed out only by what the index says.
ANSWERS, FORGETS, FORGETS_REMOVED = "get answers", "logout forgets", "logout forgets a removed profile"


@dataclass(frozen=True)
class Verdict:
    """The problems that a trial has shown."""

    trial: Trial
    problems: list[str]

    def __str__(self) -> str:
        trial = self.trial
        return (
            f"{trial.scenario.name}, {trial.harm.kind} at call {trial.harm.at} ({trial.call}), "
            f"not so: {trial.then}: {'; '.join(self.problems)}"
        )


def trials(scenario: Scenario, program: Program, sandboxes: Sandboxes, kind: str = KILL) -> list[Trial]:
    """Every call of an unharmed run at which the harm makes a difference, with every check."""
    with _prepared(scenario, program, sandboxes) as sandbox:
        calls = program.run(sandbox.home, *scenario.words).calls
    harms = [(Harm(kind, number), call) for number, call in enumerate(calls, 1)]
    return [
        Trial(scenario, harm, call, then)
        for harm, call in harms
        for then in (ANSWERS, FORGETS, FORGETS_REMOVED)
        if kind == KILL or harm.fails(call)
    ]


def judged(trial: Trial, program: Program, sandboxes: Sandboxes) -> Verdict | None:
    """Run a trial; None if the command made fewer calls this time, and so was not harmed."""
    with _prepared(trial.scenario, program, sandboxes) as sandbox:
        spent_before = _spent(sandbox)
        run = program.run(sandbox.home, *trial.scenario.words, harm=trial.harm)
        if trial.harm.kind == KILL and not run.killed:
            return None
        problems = [] if run.killed else list(_wrong_without_room(run, trial, sandbox))
        if trial.then == ANSWERS:
            may_ask = trial.scenario.rotates and _may_ask(run, trial, spent=_spent(sandbox) > spent_before)
            problems += _unanswered(program, sandbox, may_ask=may_ask, person=trial.scenario.person)
        else:
            if trial.then == FORGETS_REMOVED:
                sandbox.home.configure('[identity.other]\nsource = "file"\npath = "token"\n')
            problems += _unforgotten(program, sandbox)
        return Verdict(trial, problems)


def _wrong_without_room(run: Run, trial: Trial, sandbox: Sandbox) -> Iterator[str]:
    """`get` must answer even without room to keep the answer; `logout` must say what it could not delete."""
    if trial.scenario.words in (GET, RENEW):
        yield from _wrong_answer(run, sandbox)
    elif run.returncode not in (0, 6) or (run.returncode == 6 and "hint: " not in run.stderr):
        yield from _failure(run)


@contextmanager
def _prepared(scenario: Scenario, program: Program, sandboxes: Sandboxes) -> Iterator[Sandbox]:
    """A sandbox where refresh tokens rotate, using one twice ends the session, and access tokens are short-lived."""
    with sandboxes.new(**scenario.variables) as sandbox:
        application = sandbox.emulator.directory.application
        application.reuse_ends_session = True
        application.rotates_refresh_tokens = scenario.rotates
        application.access_token_lifetime_s = 30  # less than a fetch accepts, so each uses the refresh token
        deadline = f"deadline_seconds = {_DEADLINE_S}"
        if scenario.person:  # only the provider issues refresh tokens here
            application.grants.discard("refresh_token")
            desk(sandbox.home, sandbox.emulator).configure(defaults=deadline)
        else:
            sandbox.home.configure(file_config(sandbox.emulator, defaults=deadline))
        if scenario.variables.get(LOCKER):
            sandbox.home.environment[LOCKER] = str(sandbox.home.path / _VAULT)
        for words in scenario.before:
            run = program.run(sandbox.home, *words)
            assert run.returncode == 0, run.stderr
        yield sandbox


def _spent(sandbox: Sandbox) -> int:
    """The number of proofs that the servers have accepted; each can be used once."""
    return sandbox.emulator.count(EXCHANGE) + sandbox.emulator.count("Token")


def _may_ask(run: Run, trial: Trial, *, spent: bool) -> bool:
    """Whether the only copy of a token may be lost: one was marked spent, and the new one may not have been saved."""
    done, scenario = run.calls[:-1], trial.scenario
    if scenario.words == LOGIN:
        return True
    if scenario.words == LOGOUT:
        return any(call.startswith("sendto") for call in done)
    return spent or any(call.startswith("rename") and call.endswith("index.json") for call in done)


def _unanswered(program: Program, sandbox: Sandbox, *, may_ask: bool, person: bool) -> Iterator[str]:
    """The problems of the next commands: `get`, `get --refresh` and `logout`."""
    for words in (GET, RENEW):
        run = program.run(sandbox.home, *words)
        if run.returncode in (3, 6) and may_ask and _says_so(run, person=person):
            may_ask = False
            if person:
                yield from _failure(program.run(sandbox.home, *LOGIN))
            else:
                sandbox.home.write_token(sandbox.emulator.mint(ALICE))
            run = program.run(sandbox.home, *words)
        yield from _wrong_answer(run, sandbox)
    yield from _unforgotten(program, sandbox)


def _says_so(run: Run, *, person: bool) -> bool:
    if run.returncode == 6:
        return "was sent before" in run.stderr and "its answer could not be kept: " in run.stderr
    if person:
        return run.stderr.endswith(f"hint: oidc-helper {' '.join(LOGIN)}\n")
    return "was sent before" in run.stderr and "hint: " in run.stderr


def _failure(run: Run) -> Iterator[str]:
    if run.returncode != 0:
        yield f"exit {run.returncode}: {run.stderr.strip()}"


def _wrong_answer(run: Run, sandbox: Sandbox) -> Iterator[str]:
    if run.returncode != 0 or run.stderr:
        yield f"exit {run.returncode}: {run.stderr.strip()}"
    elif not sandbox.is_genuine(json.loads(run.stdout)):
        yield "credentials that were never issued"


def _unforgotten(program: Program, sandbox: Sandbox) -> Iterator[str]:
    yield from _failure(program.run(sandbox.home, *LOGOUT))
    if left := sandbox.remains():
        yield f"after logout there is {', '.join(left)}"
