"""What is raced, and what must come of it: one exchange, no refusal, no error that a caller should not see."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cli.sign_ins import desk
from homes import file_config
from machine.renewal import clock
from machine.renewal.processes import renewals

from oidc_helper.emulator.directory import Role
from robustness.ground import ALICE, Ground
from robustness.races.crowd import Crowd, Done

Race = Callable[[Ground, Crowd], Iterator[str]]

EXCHANGE = "CreateTokenWithIAM"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GET = ("get", "analytics")
_HOUR = 3_600
_NEW_TOKENS = 60
# Patience: a hundred stopped and slowed processes are late, and that is not what is raced.
_DEFAULTS = "deadline_seconds = 900"


def empty_cache(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Nobody has anything."""
    _configure(ground)
    done = crowd.rush(ground.home, [GET] * crowd.size)
    yield from _alike(ground, done)
    yield from _asked(ground, exchanges=1, sessions=1)


def expiring_cache(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """The credentials have ten minutes left, the access token as well."""
    _configure(ground)
    its_clock = clock.installed(ground.home, ground.emulator)
    ground.home.get("analytics")
    its_clock.advance(_HOUR - 600)
    done = crowd.rush(ground.home, [GET] * crowd.size)
    yield from _alike(ground, done)
    yield from _asked(ground, exchanges=1, sessions=2)


def rotation(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Refresh tokens rotate, and one used twice would end the session: three generations of them."""
    _configure(ground)
    its_clock = clock.installed(ground.home, ground.emulator)
    ground.home.get("analytics")
    for generation in range(1, 4):
        its_clock.advance(_HOUR - 30)
        done = crowd.rush(ground.home, [GET] * (crowd.size // 3 + 1))
        yield from _alike(ground, done)
        yield from _asked(ground, exchanges=1 + generation, sessions=1 + generation)


def expired_refresh_token(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """The session at Identity Center is over: one of them learns it, and exchanges one new identity token."""
    _configure(ground, new_tokens=True)
    ground.emulator.directory.application.session_lifetime_s = _HOUR // 2
    its_clock = clock.installed(ground.home, ground.emulator)
    ground.home.get("analytics")
    its_clock.advance(_HOUR - 30)
    done = crowd.rush(ground.home, [GET] * crowd.size)
    yield from _alike(ground, done)
    yield from _asked(ground, exchanges=2, sessions=2, refused=1)


def many_profiles(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Ten profiles of one identity and application."""
    names = [f"p{number}" for number in range(10)]
    role = f'role_arn = "{ground.emulator.directory.analytics_role_arn}"'
    _configure(ground, profiles="".join(f"[profile.{name}]\n{role}\n" for name in names))
    done = crowd.rush(ground.home, [("get", names[number % len(names)]) for number in range(crowd.size)])
    for first in range(len(names)):
        yield from _alike(ground, done[first :: len(names)])
    yield from _asked(ground, exchanges=1, sessions=min(len(names), crowd.size))


def get_against_logout(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Every tenth signs out; whoever asks afterwards is signed in again, and the last logout leaves nothing."""
    _configure(ground, new_tokens=True)
    logouts = [("logout", "analytics")] * (crowd.size // 10 + 1)
    done = crowd.rush(ground.home, [GET] * (crowd.size - len(logouts)) + logouts)
    yield from _answered(ground, done[: -len(logouts)])
    yield from (_told(one) for one in done[-len(logouts) :] if one.returncode != 0)
    yield from _asked(ground, exchanges=range(1, len(logouts) + 2))
    last = ground.home.run("logout", "--all")
    yield from [_told(last)] if last.returncode else []
    yield from (f"left after logout: {left}" for left in ground.kept())


def login_against_get(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Every tenth signs in, which is one exchange each; the others need at most one more."""
    _configure(ground, new_tokens=True)
    logins = [("login", "analytics")] * (crowd.size // 10 + 1)
    done = crowd.rush(ground.home, [GET] * (crowd.size - len(logins)) + logins)
    yield from _answered(ground, done[: -len(logins)])
    yield from (_told(one) for one in done[-len(logins) :] if one.returncode != 0)
    yield from _asked(ground, exchanges=range(len(logins), len(logins) + 2))


def edited_configuration(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """The profile's role is changed to and fro meanwhile: nobody gets another's, and the last edit counts."""
    directory = ground.emulator.directory
    first = directory.analytics_role
    other = Role(**{**vars(first), "arn": first.arn + "-other", "role_id": "AROAOTHER"})
    directory.other_roles.append(other)
    _configure(ground)
    texts = {
        role.arn: ground.home.config.read_text().replace(f'"{first.arn}"', f'"{role.arn}"') for role in (first, other)
    }
    with _edited_meanwhile(ground, list(texts.values()), crowd):
        done = crowd.rush(ground.home, [GET] * crowd.size)
    for one in done:
        if one.returncode or one.stderr:
            yield _told(one)
        elif not any(ground.is_genuine(json.loads(one.stdout), role) for role in texts):
            yield "credentials that nobody gave out"
    for role in (*texts, *texts):
        _replace(ground, texts[role])
        if not ground.is_genuine(ground.home.get("analytics"), role):
            yield f"the role is {role}, the credentials are another's"
    yield from _asked(ground, exchanges=1)


def renewal_against_everything(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Credentials that are due, with renewals, sign-ins, access tokens and statuses asked for all at once."""
    _configure(ground, new_tokens=True)
    its_clock = clock.installed(ground.home, ground.emulator)
    ground.home.get("analytics")
    its_clock.advance(_HOUR - 1_200 + 30)
    others = [("get", "--ahead", "analytics"), ("login", "analytics"), ("token", "analytics"), ("status",)]
    words = [GET if number % 5 else others[number // 5 % len(others)] for number in range(crowd.size)]
    done = crowd.rush(ground.home, words)
    for renewal in renewals(ground.home):
        renewal.wait()
    yield from _answered(ground, [one for one in done if one.args == GET])
    yield from (_told(one) for one in done if one.returncode != 0)
    yield from _asked(ground, exchanges=1 + words.count(("login", "analytics")))


def provider_rotation(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """The provider's refresh tokens rotate too, and Identity Center's session is over each time."""
    its_clock = _signed_in(ground)
    for generation in range(1, 4):
        its_clock.advance(_HOUR - 30)
        done = crowd.rush(ground.home, [GET] * (crowd.size // 3 + 1))
        yield from _alike(ground, done)
        yield from _asked(ground, exchanges=1 + generation, sessions=1 + generation, refused=generation)
        if (made := ground.emulator.count("Token", ok=True)) != 1 + generation:
            yield f"the provider was asked for tokens {made} times"


def many_applications(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """Two applications, each with a lock of its own, go by the one session at the provider."""
    its_clock = _signed_in(ground)
    its_clock.advance(_HOUR - 30)
    words = [(GET, ("token", "other"))[number % 2] for number in range(crowd.size)]
    done = crowd.rush(ground.home, words)
    yield from _alike(ground, done[::2])
    if len({one.stdout for one in done[1::2]}) != 1:
        yield "not all have the same access token"
    yield from (_told(one) for one in done if one.returncode != 0 or one.stderr)
    yield from _asked(ground, exchanges=3, sessions=2, refused=1)


def sign_in_against_get(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """A person signs in anew, with the browser, while programs ask."""
    its_clock = _signed_in(ground)
    its_clock.advance(_HOUR - 30)
    logins: list[Sequence[str]] = [("login", "--force", "analytics")] * (crowd.size // 20 + 1)
    done = crowd.rush(ground.home, [*[GET] * (crowd.size - len(logins)), *logins])
    yield from _answered(ground, done[: -len(logins)])
    yield from (_told(one) for one in done[-len(logins) :] if one.returncode != 0)
    yield from _asked(ground, exchanges=range(1 + len(logins), 3 + len(logins)), refused=range(2))


def _signed_in(ground: Ground) -> clock.Clock:
    """A person who has signed in; each session at Identity Center ends before its credentials."""
    provider, application = ground.emulator.directory.identity_provider, ground.emulator.directory.application
    provider.rotates_refresh_tokens = provider.reuse_ends_session = application.reuse_ends_session = True
    application.session_lifetime_s = _HOUR // 2
    its_desk = desk(ground.home, ground.emulator)
    its_desk.configure(defaults=_DEFAULTS)
    its_clock = clock.installed(ground.home, ground.emulator)
    its_desk.log_in("analytics")
    return its_clock


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


def problems(race: Race, ground: Ground, crowd: Crowd) -> list[str]:
    """Run a race with answers that are late by chance."""
    for operation in (EXCHANGE, "AssumeRole", "AssumeRoleWithWebIdentity", "Logout"):
        for delay_s in crowd.delays(20):
            ground.emulator.fault(operation, delay_s=delay_s)
    return list(race(ground, crowd))


def _configure(ground: Ground, *, new_tokens: bool = False, profiles: str = "") -> None:
    """Let the identity token be one that lies there, or a new one each time."""
    ground.emulator.directory.application.reuse_ends_session = True
    identity = ""
    if new_tokens:
        unused = ground.home.path / "unused"
        unused.mkdir()
        for number in range(_NEW_TOKENS):
            (unused / f"{number:02}").write_text(ground.emulator.mint(ALICE, lifetime_s=2 * _HOUR))
        script = 'mv "$(ls unused/* | head -n 1)" "token.$$" && cat "token.$$"'
        identity = f"source = \"command\"\ncommand = ['sh', '-c', '''cd {ground.home.path} && {script}''']"
    else:
        ground.home.write_token(ground.emulator.mint(ALICE, lifetime_s=24 * _HOUR))
    ground.home.configure(file_config(ground.emulator, defaults=_DEFAULTS, identity=identity, profiles=profiles))


@contextmanager
def _edited_meanwhile(ground: Ground, texts: Sequence[str], crowd: Crowd) -> Iterator[None]:
    over = threading.Event()

    def edit() -> None:
        number = 0
        while not over.wait(0.1):
            _replace(ground, texts[number % len(texts)])
            number += 1

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _replace(ground: Ground, text: str) -> None:
    """As editors do."""
    beginning = ground.home.config.with_suffix(".new")
    beginning.write_text(text)
    beginning.replace(ground.home.config)


def _alike(ground: Ground, done: Sequence[Done]) -> Iterator[str]:
    yield from _answered(ground, done)
    if len({one.stdout for one in done if one.returncode == 0}) > 1:
        yield "not all have the same credentials"


def _answered(ground: Ground, done: Sequence[Done]) -> Iterator[str]:
    for one in done:
        if one.returncode != 0 or one.stderr:
            yield _told(one)
        elif not ground.is_genuine(json.loads(one.stdout)):
            yield "credentials that nobody gave out"


def _asked(
    ground: Ground, *, exchanges: int | range, sessions: int | None = None, refused: int | range = 0
) -> Iterator[str]:
    """What is wrong with what the emulator was asked."""
    emulator = ground.emulator
    if (made := emulator.count(EXCHANGE, ok=True)) not in _range(exchanges):
        yield f"{made} exchanges, wanted {exchanges}"
    if sessions is not None and (made := emulator.count("AssumeRole")) != sessions:
        yield f"{made} role sessions, wanted {sessions}"
    no = [f"{request.operation} was refused: {request.reason}" for request in emulator.requests if not request.ok]
    if len(no) not in _range(refused):
        yield "; ".join(no) or "nothing was refused"


def _range(wanted: int | range) -> range:
    return wanted if isinstance(wanted, range) else range(wanted, wanted + 1)


def _told(done: Done) -> str:
    return f"{' '.join(done.args)}: exit {done.returncode}: {done.stderr.strip()}"
