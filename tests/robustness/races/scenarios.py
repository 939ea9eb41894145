"""The races and their rules: one exchange, no refusal, and no error that a caller should not see."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cli.sign_ins import desk
from homes import file_config
from machine.renewal import clock
from machine.renewal.processes import renewals

from oidc_helper.emulator.directory import Role
from robustness.races.crowd import Crowd, Done
from robustness.sandbox import ALICE, Sandbox

Race = Callable[[Sandbox, Crowd], Iterator[str]]

EXCHANGE = "CreateTokenWithIAM"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GET = ("get", "analytics")
_HOUR = 3_600
_NEW_TOKENS = 60
# A long deadline: a hundred stopped and slowed processes are late, and lateness is not tested here.
_DEFAULTS = "deadline_seconds = 900"


def empty_cache(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """The store is empty."""
    _configure(sandbox)
    done = crowd.rush(sandbox.home, [GET] * crowd.size)
    yield from _alike(sandbox, done)
    yield from _asked(sandbox, exchanges=1, sessions=1)


def expiring_cache(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """The credentials have ten minutes left, the access token as well."""
    _configure(sandbox)
    fake_clock = clock.installed(sandbox.home, sandbox.emulator)
    sandbox.home.get("analytics")
    fake_clock.advance(_HOUR - 600)
    done = crowd.rush(sandbox.home, [GET] * crowd.size)
    yield from _alike(sandbox, done)
    yield from _asked(sandbox, exchanges=1, sessions=2)


def rotation(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Refresh tokens rotate, and using one twice would end the session; the race lasts three generations."""
    _configure(sandbox)
    fake_clock = clock.installed(sandbox.home, sandbox.emulator)
    sandbox.home.get("analytics")
    for generation in range(1, 4):
        fake_clock.advance(_HOUR - 30)
        done = crowd.rush(sandbox.home, [GET] * (crowd.size // 3 + 1))
        yield from _alike(sandbox, done)
        yield from _asked(sandbox, exchanges=1 + generation, sessions=1 + generation)


def expired_refresh_token(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """The session at Identity Center has ended: one process finds out, and exchanges one new identity token."""
    _configure(sandbox, new_tokens=True)
    sandbox.emulator.directory.application.session_lifetime_s = _HOUR // 2
    fake_clock = clock.installed(sandbox.home, sandbox.emulator)
    sandbox.home.get("analytics")
    fake_clock.advance(_HOUR - 30)
    done = crowd.rush(sandbox.home, [GET] * crowd.size)
    yield from _alike(sandbox, done)
    yield from _asked(sandbox, exchanges=2, sessions=2, refused=1)


def many_profiles(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Ten profiles of one identity and application."""
    names = [f"p{number}" for number in range(10)]
    role = f'role_arn = "{sandbox.emulator.directory.analytics_role_arn}"'
    _configure(sandbox, profiles="".join(f"[profile.{name}]\n{role}\n" for name in names))
    done = crowd.rush(sandbox.home, [("get", names[number % len(names)]) for number in range(crowd.size)])
    for first in range(len(names)):
        yield from _alike(sandbox, done[first :: len(names)])
    yield from _asked(sandbox, exchanges=1, sessions=min(len(names), crowd.size))


def get_against_logout(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Every tenth process signs out, later ones sign in again, and a last logout leaves no secret."""
    _configure(sandbox, new_tokens=True)
    logouts = [("logout", "analytics")] * (crowd.size // 10 + 1)
    done = crowd.rush(sandbox.home, [GET] * (crowd.size - len(logouts)) + logouts)
    yield from _answered(sandbox, done[: -len(logouts)])
    yield from (_described(one) for one in done[-len(logouts) :] if one.returncode != 0)
    yield from _asked(sandbox, exchanges=range(1, len(logouts) + 2))
    last = sandbox.home.run("logout", "--all")
    yield from [_described(last)] if last.returncode else []
    yield from (f"left after logout: {left}" for left in sandbox.remains())


def login_against_get(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Every tenth process signs in, with one exchange each; the others need at most one more."""
    _configure(sandbox, new_tokens=True)
    logins = [("login", "analytics")] * (crowd.size // 10 + 1)
    done = crowd.rush(sandbox.home, [GET] * (crowd.size - len(logins)) + logins)
    yield from _answered(sandbox, done[: -len(logins)])
    yield from (_described(one) for one in done[-len(logins) :] if one.returncode != 0)
    yield from _asked(sandbox, exchanges=range(len(logins), len(logins) + 2))


def edited_configuration(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """The profile's role changes to and fro: credentials are for one of the roles, and in the end for the last."""
    directory = sandbox.emulator.directory
    first = directory.analytics_role
    other = Role(**{**vars(first), "arn": first.arn + "-other", "role_id": "AROAOTHER"})
    directory.other_roles.append(other)
    _configure(sandbox)
    texts = {
        role.arn: sandbox.home.config.read_text().replace(f'"{first.arn}"', f'"{role.arn}"') for role in (first, other)
    }
    with _edited_meanwhile(sandbox, list(texts.values()), crowd):
        done = crowd.rush(sandbox.home, [GET] * crowd.size)
    for one in done:
        if one.returncode or one.stderr:
            yield _described(one)
        elif not any(sandbox.is_genuine(json.loads(one.stdout), role) for role in texts):
            yield "credentials that were never issued"
    for role in (*texts, *texts):
        _replace(sandbox, texts[role])
        if not sandbox.is_genuine(sandbox.home.get("analytics"), role):
            yield f"the role is {role}, the credentials are another's"
    yield from _asked(sandbox, exchanges=1)


def renewal_against_everything(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Credentials are due, and `get`, renewals, sign-ins, `token` and `status` run at once."""
    _configure(sandbox, new_tokens=True)
    fake_clock = clock.installed(sandbox.home, sandbox.emulator)
    sandbox.home.get("analytics")
    fake_clock.advance(_HOUR - 1_200 + 30)
    others = [("get", "--ahead", "analytics"), ("login", "analytics"), ("token", "analytics"), ("status",)]
    words = [GET if number % 5 else others[number // 5 % len(others)] for number in range(crowd.size)]
    done = crowd.rush(sandbox.home, words)
    for renewal in renewals(sandbox.home):
        renewal.wait()
    yield from _answered(sandbox, [one for one in done if one.args == GET])
    yield from (_described(one) for one in done if one.returncode != 0)
    yield from _asked(sandbox, exchanges=1 + words.count(("login", "analytics")))


def provider_rotation(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """The provider's refresh tokens rotate too, and Identity Center's session has ended each time."""
    fake_clock = _signed_in(sandbox)
    for generation in range(1, 4):
        fake_clock.advance(_HOUR - 30)
        done = crowd.rush(sandbox.home, [GET] * (crowd.size // 3 + 1))
        yield from _alike(sandbox, done)
        yield from _asked(sandbox, exchanges=1 + generation, sessions=1 + generation, refused=generation)
        if (made := sandbox.emulator.count("Token", ok=True)) != 1 + generation:
            yield f"the provider was asked for tokens {made} times"


def many_applications(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """Two applications, each with a lock of its own, share one session at the provider."""
    fake_clock = _signed_in(sandbox)
    fake_clock.advance(_HOUR - 30)
    words = [(GET, ("token", "other"))[number % 2] for number in range(crowd.size)]
    done = crowd.rush(sandbox.home, words)
    yield from _alike(sandbox, done[::2])
    if len({one.stdout for one in done[1::2]}) != 1:
        yield "not all have the same access token"
    yield from (_described(one) for one in done if one.returncode != 0 or one.stderr)
    yield from _asked(sandbox, exchanges=3, sessions=2, refused=1)


def sign_in_against_get(sandbox: Sandbox, crowd: Crowd) -> Iterator[str]:
    """A person signs in again with the browser while programs run `get`."""
    fake_clock = _signed_in(sandbox)
    fake_clock.advance(_HOUR - 30)
    logins: list[Sequence[str]] = [("login", "--force", "analytics")] * (crowd.size // 20 + 1)
    done = crowd.rush(sandbox.home, [*[GET] * (crowd.size - len(logins)), *logins])
    yield from _answered(sandbox, done[: -len(logins)])
    yield from (_described(one) for one in done[-len(logins) :] if one.returncode != 0)
    yield from _asked(sandbox, exchanges=range(1 + len(logins), 3 + len(logins)), refused=range(2))


def _signed_in(sandbox: Sandbox) -> clock.Clock:
    """Sign a person in; each session at Identity Center ends before its credentials."""
    provider, application = sandbox.emulator.directory.identity_provider, sandbox.emulator.directory.application
    provider.rotates_refresh_tokens = provider.reuse_ends_session = application.reuse_ends_session = True
    application.session_lifetime_s = _HOUR // 2
    sign_in_desk = desk(sandbox.home, sandbox.emulator)
    sign_in_desk.configure(defaults=_DEFAULTS)
    fake_clock = clock.installed(sandbox.home, sandbox.emulator)
    sign_in_desk.log_in("analytics")
    return fake_clock


RACES: dict[str, Race] = {
    "empty cache": empty_cache,
    "expiring cache": expiring_cache,
    "rotation with reuse detection": rotation,
    "expired refresh token": expired_refresh_token,
    "many profiles of one identity": many_profiles,
    "get against logout": get_against_logout,
    "login against get": login_against_get,
    "configuration edited meanwhile": edited_configuration,
    "renewal against everything": renewal_against_everything,
    "rotation at the provider with reuse detection": provider_rotation,
    "many applications of one sign-in": many_applications,
    "sign-in with the browser against get": sign_in_against_get,
}


def problems(race: Race, sandbox: Sandbox, crowd: Crowd) -> list[str]:
    """The problems of a race whose answers have random delays."""
    for operation in (EXCHANGE, "AssumeRole", "AssumeRoleWithWebIdentity", "Logout"):
        for delay_s in crowd.delays(20):
            sandbox.emulator.fault(operation, delay_s=delay_s)
    return list(race(sandbox, crowd))


def _configure(sandbox: Sandbox, *, new_tokens: bool = False, profiles: str = "") -> None:
    """Write the configuration; the identity token is always the same, or with `new_tokens` a new one each time."""
    sandbox.emulator.directory.application.reuse_ends_session = True
    identity = ""
    if new_tokens:
        unused = sandbox.home.path / "unused"
        unused.mkdir()
        for number in range(_NEW_TOKENS):
            (unused / f"{number:02}").write_text(sandbox.emulator.mint(ALICE, lifetime_s=2 * _HOUR))
        script = 'mv "$(ls unused/* | head -n 1)" "token.$$" && cat "token.$$"'
        identity = f"source = \"command\"\ncommand = ['sh', '-c', '''cd {sandbox.home.path} && {script}''']"
    else:
        sandbox.home.write_token(sandbox.emulator.mint(ALICE, lifetime_s=24 * _HOUR))
    sandbox.home.configure(file_config(sandbox.emulator, defaults=_DEFAULTS, identity=identity, profiles=profiles))


@contextmanager
def _edited_meanwhile(sandbox: Sandbox, texts: Sequence[str], crowd: Crowd) -> Iterator[None]:
    over = threading.Event()

    def edit() -> None:
        number = 0
        while not over.wait(0.1):
            _replace(sandbox, texts[number % len(texts)])
            number += 1

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _replace(sandbox: Sandbox, text: str) -> None:
    """Replace the configuration the way editors do."""
    new = sandbox.home.config.with_suffix(".new")
    new.write_text(text)
    new.replace(sandbox.home.config)


def _alike(sandbox: Sandbox, done: Sequence[Done]) -> Iterator[str]:
    yield from _answered(sandbox, done)
    if len({one.stdout for one in done if one.returncode == 0}) > 1:
        yield "not all have the same credentials"


def _answered(sandbox: Sandbox, done: Sequence[Done]) -> Iterator[str]:
    for one in done:
        if one.returncode != 0 or one.stderr:
            yield _described(one)
        elif not sandbox.is_genuine(json.loads(one.stdout)):
            yield "credentials that were never issued"


def _asked(
    sandbox: Sandbox, *, exchanges: int | range, sessions: int | None = None, refused: int | range = 0
) -> Iterator[str]:
    """The differences between the calls that the emulator received and those expected."""
    emulator = sandbox.emulator
    if (made := emulator.count(EXCHANGE, ok=True)) not in _range(exchanges):
        yield f"{made} exchanges, expected {exchanges}"
    if sessions is not None and (made := emulator.count("AssumeRole")) != sessions:
        yield f"{made} role sessions, expected {sessions}"
    refusals = [f"{request.operation} was refused: {request.reason}" for request in emulator.requests if not request.ok]
    if len(refusals) not in _range(refused):
        yield "; ".join(refusals) or "nothing was refused"


def _range(expected: int | range) -> range:
    return expected if isinstance(expected, range) else range(expected, expected + 1)


def _described(done: Done) -> str:
    return f"{' '.join(done.args)}: exit {done.returncode}: {done.stderr.strip()}"
