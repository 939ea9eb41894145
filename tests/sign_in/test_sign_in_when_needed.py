"""`sign_in = "when-needed"`: a program asks for credentials, and the person at its terminal signs in, once for all."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cli.arrangements import wait_until
from cli.sign_ins import Desk, desk
from cli.transcript import answer
from fakes.browser import FakeBrowser
from fakes.terminals import AtTerminal, at_terminal
from homes import COMMAND, Home
from machine.renewal.clock import Clock

from oidc_helper.emulator import Emulator

MANY = 50
# One process reads the terminal; the others are its children, as those of an editor or a build.
_STORM = """
import json, subprocess, sys
number, *words = sys.argv[1:]
started = [
    subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(int(number))
]
outcomes = [[*process.communicate(), process.returncode] for process in started]
json.dump(outcomes, sys.stdout)
"""
# A shell whose command starts ours, and is gone once there is a line on standard input.
_IMPATIENT = """
import subprocess, sys
caller = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); sys.stdin.readline()"
subprocess.run([sys.executable, "-c", caller, *sys.argv[1:]])
print("gone", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    alice = desk(home, emulator)
    alice.configure(defaults='sign_in = "when-needed"')
    return alice


@pytest.fixture
def absent(home: Home, emulator: Emulator) -> Desk:
    """A person who ignores the browser."""
    absent = desk(home, emulator, visits=False)
    absent.configure(defaults='sign_in = "when-needed"\ndeadline_seconds = 12')
    return absent


@contextmanager
def get(owner: Desk, profile: str = "analytics") -> Iterator[AtTerminal]:
    with at_terminal([COMMAND, "get", profile], owner.home.environment, directory=owner.home.path) as person:
        yield person


def storm(owner: Desk, number: int) -> list[Any]:
    """Run that many processes at once: stdout, stderr and exit code of each."""
    words = [sys.executable, "-c", _STORM, str(number), str(COMMAND), "get", "analytics"]
    with at_terminal(words, owner.home.environment, directory=owner.home.path) as person:
        done = person.ended()
    assert done.stderr == ""
    outcomes: list[Any] = json.loads(done.stdout)
    return outcomes


def test_get_signs_in_at_a_terminal(alice: Desk) -> None:
    """The terminal shows the sign-in, stdout has the answer, and stderr nothing."""
    with get(alice) as person:
        done = person.ended()

    answer(done)
    assert "opening the browser to sign in at" in person.screen
    assert "<h1>Signed in</h1>" in alice.browser.page


def test_without_a_terminal_nobody_is_asked(alice: Desk) -> None:
    """A service or an editor gets the command to type."""
    refusal = alice.refused("get", "analytics")

    assert (refusal.code, refusal.hint, alice.browser.opened) == (3, "oidc-helper login analytics", [])


def test_never_means_never(home: Home, emulator: Emulator) -> None:
    """Without the setting, a terminal changes nothing."""
    alice = desk(home, emulator)
    with get(alice) as person:
        done = person.ended()

    assert (done.returncode, done.stdout, person.screen, alice.browser.opened) == (3, "", "", [])


def test_fifty_at_once_share_one_sign_in(alice: Desk, emulator: Emulator) -> None:
    """One browser, one sign-in, one exchange, fifty answers."""
    outcomes = storm(alice, MANY)

    answers = {stdout for stdout, _, _ in outcomes}
    assert {(stderr, code) for _, stderr, code in outcomes} == {("", 0)}
    assert (len(outcomes), len(answers)) == (MANY, 1)
    assert json.loads(answers.pop())["Version"] == 1
    assert len(alice.browser.opened) == 1
    assert [emulator.count(name) for name in ("Authorize", "Token", "CreateTokenWithIAM", "AssumeRole")] == [1, 1, 1, 1]


def test_an_ignored_sign_in_opens_no_second_tab(absent: Desk) -> None:
    """Processes that waited for it fail with it, later ones fail at once, and login signs in all the same."""
    outcomes = storm(absent, 3)

    assert {(stdout, code) for stdout, _, code in outcomes} == {("", 3)}
    assert all("hint: oidc-helper login analytics" in stderr for _, stderr, _ in outcomes)
    assert len(absent.browser.opened) == 1
    with get(absent) as person:
        again = person.ended()
    assert (again.returncode, person.screen, len(absent.browser.opened)) == (3, "", 1)
    assert "a sign-in did not work" in again.stderr
    absent.home.environment["BROWSER"] = str(desk(absent.home, absent.emulator).browser.path)
    absent.log_in("analytics")
    answer(absent.home.run("get", "analytics"))


def test_a_caller_that_gives_up_finds_the_sign_in_next_time(absent: Desk) -> None:
    """The process outlives its caller: the sign-in is finished, exchanged and saved."""
    absent.configure(defaults='sign_in = "when-needed"')
    words = [sys.executable, "-c", _IMPATIENT, str(COMMAND), "get", "analytics"]
    with at_terminal(words, absent.home.environment) as shell:
        wait_until(lambda: bool(absent.browser.opened))
        shell.tick()
        assert shell.process.stdout
        assert shell.process.stdout.readline() == "gone\n"
        browser = FakeBrowser()
        browser(absent.browser.opened[0])
        assert "<h1>Signed in</h1>" in browser.page()
        answer(absent.home.run("get", "analytics"))

    assert absent.emulator.count("CreateTokenWithIAM") == 1


def test_live_cached_credentials_ask_nobody(alice: Desk, clock: Clock) -> None:
    """The end of a sign-in does not matter while they still work."""
    alice.emulator.directory.application.access_token_lifetime_s = 1_800
    alice.log_in("analytics")
    kept = alice.home.run("get", "analytics").stdout
    for issued in (alice.emulator._state.refresh_tokens, alice.emulator._state.tokens):
        for token in issued.values():
            token.session.ended = True
    clock.advance(3_600 - 300)
    with get(alice) as person:
        done = person.ended()

    assert (done.stdout, person.screen, len(alice.browser.opened)) == (kept, "", 1)
