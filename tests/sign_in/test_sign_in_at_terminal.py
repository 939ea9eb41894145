"""`login` at a terminal, by browser, device and paste, while the standard streams lead elsewhere."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from cli.arrangements import wait_until
from cli.sign_ins import ALICE, BOB, Desk, becomes_bob, desk
from fakes.browser import BrowserProgram, FakeBrowser
from fakes.terminals import ASCII, AtTerminal, at_terminal
from homes import COMMAND, Home
from machine.renewal.clock import installed

from oidc_helper.emulator import Emulator

DONE = f"signed in as {ALICE}, until TIME (59 min)\ncredentials of analytics, until TIME (59 min), in the PLACE\n"
NAMED = f"oidc-helper: signed in at the identity provider as {ALICE}\n"


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    return desk(home, emulator)


@pytest.fixture
def absent(home: Home, emulator: Emulator) -> Desk:
    """A person who ignores the browser."""
    return desk(home, emulator, visits=False)


@contextmanager
def login(owner: Desk, *words: str, **variables: str) -> Iterator[AtTerminal]:
    environment = {**owner.home.environment, **variables}
    with at_terminal([COMMAND, "login", *words], environment, columns=200, directory=owner.home.path) as person:
        yield person


def anonymous(owner: Desk, text: str) -> str:
    """The text with placeholders for all that differs between runs."""
    text = text.replace(owner.emulator.url.removeprefix("http://"), "HOST")
    text = re.sub(r"(http://HOST/\S*)\?\S*", r"\1?...", text)
    text = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:PORT", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"in the [a-z]+ keyring.*", "in the PLACE", text)


def test_a_browser_sign_in_shows_its_address(alice: Desk) -> None:
    """For a browser that does not open; the progress line is gone at the end."""
    with login(alice, "analytics") as person:
        done = person.ended()

    assert (done.returncode, done.stderr, anonymous(alice, done.stdout)) == (0, "", DONE)
    assert anonymous(alice, person.screen) == (
        "oidc-helper: opening the browser to sign in at HOST (identity corp); if it does not open, go to\n"
        "http://HOST/idp/authorize?...\n"
        f"{NAMED}"
    )


def test_a_device_sign_in_shows_address_and_code(alice: Desk, emulator: Emulator) -> None:
    """With its lifetime, and the warning that it needs."""
    emulator.directory.identity_provider.device_interval_s = 1
    with login(alice, "--device", "analytics", **ASCII) as person:
        done = person.ended()

    assert (done.returncode, anonymous(alice, done.stdout)) == (0, DONE)
    assert re.sub(r"[A-Z]{4}-[A-Z]{4}", "CODE", anonymous(alice, person.screen)) == (
        "oidc-helper: to sign in at HOST (identity corp), open this address on any device\n"
        "  http://HOST/idp/device\n"
        "and enter this code\n"
        "  CODE\n"
        "within 10 min\n"
        "enter a code only for a sign-in that you began yourself: anyone who sends you one signs in as you\n"
        f"{NAMED}"
    )


def test_a_paste_sign_in_says_what_to_copy(alice: Desk) -> None:
    with login(alice, "--paste", "analytics") as person:
        person.see("open this address", "/idp/authorize?", "> ")
        opened = next(line for line in person.screen.splitlines() if line.startswith(alice.emulator.issuer))
        pasted = FakeBrowser().redirect_of(opened)
        person.type(pasted + "\r")
        done = person.ended()

    assert (done.returncode, anonymous(alice, done.stdout)) == (0, DONE)
    assert anonymous(alice, person.screen.replace(urlsplit(pasted).query, "...")) == (
        "oidc-helper: to sign in at HOST (identity corp), open this address in a browser on any machine\n"
        "http://HOST/idp/authorize?...\n"
        "after that, the browser is sent to an address that it cannot open, beginning with\n"
        "  http://127.0.0.1:PORT/oidc-helper/callback\n"
        "copy that whole address from the browser's address bar, and paste it here\n"
        "within 15 min\n"
        "> http://127.0.0.1:PORT/oidc-helper/callback?...\n"
        f"{NAMED}"
    )


def test_without_a_browser_a_code_is_offered(alice: Desk, emulator: Emulator) -> None:
    """Over SSH it opens nothing, says why, and shows a code."""
    emulator.directory.identity_provider.device_interval_s = 1
    over_ssh = {**ASCII, "BROWSER": "", "SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
    with login(alice, "analytics", **over_ssh) as person:
        done = person.ended()

    assert (done.returncode, alice.browser.opened) == (0, [])
    assert "no browser can be opened, since this is an SSH session\n" in person.screen
    assert "/idp/device\n" in person.screen


def test_a_person_who_is_signed_in_sees_nothing_new(alice: Desk) -> None:
    """The command prints the state as it is."""
    alice.log_in("analytics")
    with login(alice, "analytics") as person:
        done = person.ended()

    assert (done.returncode, anonymous(alice, done.stdout), person.screen) == (0, f"already {DONE}", "")


def test_the_progress_line_names_what_is_waited_for(absent: Desk) -> None:
    """And for how long; a second login waits for the first one. Ctrl-c ends it."""
    with login(absent, "analytics") as first:
        first.see("waiting for the browser, ", " s (ctrl-c to stop)")
        with login(absent, "analytics") as second:
            second.see(
                "waiting for process ", ", oidc-helper signing in for profile analytics, ", " s (ctrl-c to stop)"
            )
            second.interrupt()

            assert second.ended().returncode == -signal.SIGINT
        first.interrupt()

        assert first.ended().returncode == -signal.SIGINT

    assert len(absent.browser.opened) == 1


def test_ctrl_c_leaves_everything_as_it_was(alice: Desk) -> None:
    """The person is still signed in as before, and the next sign-in is not held up."""
    alice.log_in("analytics")
    before, kept = alice.status("analytics"), alice.home.run("get", "analytics").stdout
    ignored = BrowserProgram(alice.home.path, visits=False)
    with login(alice, "--force", "analytics", BROWSER=str(ignored.path)) as person:
        wait_until(lambda: len(ignored.opened) == 2)
        person.see("waiting for the browser")
        person.interrupt()
        done = person.ended()

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
    assert (alice.status("analytics"), alice.home.run("get", "analytics").stdout) == (before, kept)


def test_a_failure_is_on_stderr_and_nothing_on_stdout(absent: Desk, emulator: Emulator) -> None:
    """The program that started it reads the error; the terminal keeps its lines."""
    emulator.fault("Token", status=503)
    with login(absent, "analytics") as person:
        wait_until(lambda: bool(absent.browser.opened))
        browser = FakeBrowser()
        browser(absent.browser.opened[0])
        done = person.ended()

    assert (done.returncode, done.stdout) == (4, "")
    assert anonymous(absent, done.stderr).startswith("oidc-helper: HOST answers with HTTP status 503\nhint: ")
    assert "HTTP status 503" in browser.page()
    assert absent.kept() == []


@pytest.fixture
def succeeded(home: Home, emulator: Emulator) -> Desk:
    """A sign-in of Alice that is over, and a browser that signs in Bob."""
    clock, alice = installed(home, emulator), desk(home, emulator)
    alice.log_in("analytics")
    clock.advance(31 * 86_400)
    becomes_bob(emulator)
    return alice


QUESTION = f"go on as {BOB}, and forget all that is kept of {ALICE}? [y/N] "


def test_another_person_than_before_is_asked_about(succeeded: Desk) -> None:
    """Somebody else may have answered in the person's place."""
    with login(succeeded, "analytics") as person:
        person.see(f"oidc-helper: signed in at the identity provider as {BOB}\n{QUESTION}")
        person.type("y\r")
        done = person.ended()

    assert (done.returncode, done.stdout.startswith(f"signed in as {BOB}, ")) == (0, True)


@pytest.mark.parametrize("answer", ["\r", "n\r", "\x04"])
def test_without_consent_nothing_changes(succeeded: Desk, answer: str) -> None:
    """Neither tokens nor the name of the person; the page says so, and the hint how to be the other one."""
    before, exchanges = succeeded.status("analytics")["tokens"], succeeded.emulator.count("CreateTokenWithIAM")
    with login(succeeded, "analytics") as person:
        person.see(QUESTION)
        person.type(answer)
        done = person.ended()

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"oidc-helper: {BOB} has signed in, not {ALICE} as before: nothing was changed\n"
        "hint: oidc-helper login analytics --force\n"
    )
    assert "<h1>Not signed in</h1>" in succeeded.browser.page
    assert succeeded.status("analytics")["tokens"] == before
    assert succeeded.emulator.count("CreateTokenWithIAM") == exchanges


def test_without_a_terminal_another_person_takes_force(succeeded: Desk) -> None:
    """Nobody can be asked."""
    refused = succeeded.home.run("login", "analytics")
    assert refused.returncode == 3
    assert refused.stderr.endswith("nothing was changed\nhint: oidc-helper login analytics --force\n")

    assert succeeded.log_in("analytics", "--force").startswith(f"signed in as {BOB}, ")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT], ids=lambda one: one.name
)
def test_a_signal_leaves_the_terminal_as_it_was(absent: Desk, number: signal.Signals) -> None:
    """While it waits for the browser: no progress line is left, and no traceback; the shell learns the signal."""
    with login(absent, "analytics") as person:
        person.see("waiting for the browser, ")
        person.process.send_signal(number)
        done = person.ended()

    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")
    assert "waiting" not in person.screen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda one: one.name)
def test_a_signal_at_a_question_leaves_the_terminal_as_it_was(alice: Desk, number: signal.Signals) -> None:
    """The shell would read keys without showing them."""
    with login(alice, "--paste", "analytics") as person:
        person.type("")  # it reads keys
        person.process.send_signal(number)
        done = person.ended()

    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")


_EARLY = """
import signal, sys
class Interrupts:
    def find_spec(self, name, *_):
        if name == "oidc_helper.cli.main":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from oidc_helper.hotpath import main
main()
"""


def test_an_early_ctrl_c_shows_no_traceback(alice: Desk) -> None:
    """While the program still loads."""
    done = subprocess.run(
        [sys.executable, "-c", _EARLY, "login", "analytics"],
        env=alice.home.environment,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
