"""While a person is being asked to sign in, nobody waits who has what it takes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen

import pytest
from cli.arrangements import finished, is_in_line, wait_until
from cli.sign_ins import Desk, desk
from cli.transcript import answer
from fakes.browser import BrowserProgram, FakeBrowser
from fakes.terminals import at_terminal
from homes import COMMAND, Home
from machine.renewal.clock import Clock

from oidc_helper.emulator import Emulator

HOUR = 3_600
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for waiting processes")


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    """A person whose callers give up early."""
    alice = desk(home, emulator)
    alice.configure(defaults="deadline_seconds = 8")
    return alice


@contextmanager
def open_sign_in(alice: Desk, *words: str) -> Iterator[tuple[Popen[str], str]]:
    """A login whose person has not come yet, and the address in the browser."""
    elsewhere = alice.home.path / "elsewhere"
    elsewhere.mkdir()
    browser = BrowserProgram(elsewhere, visits=False)
    with alice.home.start("login", *words, BROWSER=str(browser.path)) as login:
        try:
            wait_until(lambda: bool(browser.opened))
            yield login, browser.opened[0]
        finally:
            login.kill()


def test_an_open_login_keeps_nobody_waiting_who_has_live_tokens(alice: Desk) -> None:
    """Another profile of the sign-in gets its credentials while somebody looks for the second factor."""
    alice.log_in("analytics")

    with open_sign_in(alice, "--force", "analytics") as (login, _):
        answer(alice.home.run("get", "dev-admin"))
        assert login.poll() is None


def test_an_open_login_lets_credentials_be_renewed(alice: Desk, clock: Clock) -> None:
    """In the last minutes of the cached credentials `get` fetches new ones, as if nobody were asked."""
    alice.emulator.directory.application.access_token_lifetime_s = 4 * HOUR
    alice.log_in("analytics")
    old = answer(alice.home.run("get", "analytics"))
    clock.advance(HOUR - 300)

    with open_sign_in(alice, "--force", "analytics"):
        assert answer(alice.home.run("get", "analytics")) != old


def test_an_open_login_lets_the_session_before_be_used(alice: Desk) -> None:
    """The provider's refresh token serves another application until the new sign-in is there."""
    alice.log_in("analytics")

    with open_sign_in(alice, "--force", "analytics"):
        done = alice.home.run("token", "other")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_caller_with_nothing_waits_for_an_open_login(alice: Desk) -> None:
    """It goes on with what comes of the sign-in, instead of telling the person to do what is being done."""
    with open_sign_in(alice, "analytics") as (login, url), alice.home.start("get", "dev-admin") as waiting:
        wait_until(lambda: is_in_line(waiting, "asking"))
        FakeBrowser()(url)
        answer(finished(waiting))
        assert finished(login).returncode == 0

    assert alice.emulator.count("CreateTokenWithIAM") == 1


def test_a_caller_with_nothing_names_the_login_that_stays_open(alice: Desk) -> None:
    """The error names the process that waits for a person."""
    with open_sign_in(alice, "analytics") as (login, _):
        refused = alice.refused("get", "analytics")

    assert refused.code == 4
    assert refused.message == (f"gave up waiting for process {login.pid}, oidc-helper signing in for profile analytics")


def test_two_logins_at_once_ask_once(alice: Desk) -> None:
    """The second one waits for the first, and finds its person signed in."""
    with open_sign_in(alice, "analytics") as (first, url), alice.home.start("login", "analytics") as second:
        wait_until(lambda: is_in_line(second, "asking"))
        FakeBrowser()(url)
        assert finished(first).returncode == 0
        assert finished(second).stdout.startswith("already signed in as ")

    assert alice.browser.opened == []


def test_a_sign_in_that_only_opens_the_callers_role_is_exchanged_too(alice: Desk, clock: Clock) -> None:
    """The access token still lived, the caller's keys did not: the page said nothing, and nothing was exchanged."""
    alice.emulator.directory.application.access_token_lifetime_s = 8 * HOUR
    alice.configure(identity='scopes = ["openid", "email"]', defaults='sign_in = "when-needed"')
    alice.log_in("analytics")
    before = alice.emulator.count("CreateTokenWithIAM")
    clock.advance(2 * HOUR)

    with at_terminal([COMMAND, "get", "analytics"], alice.home.environment, directory=alice.home.path) as person:
        answer(person.ended())

    assert alice.emulator.count("CreateTokenWithIAM") == before + 1
    assert "<h1>Signed in</h1>" in alice.browser.page
