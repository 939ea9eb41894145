"""`configure` at a terminal: a person who answers, looks, changes their mind, and leaves."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.arrangements import wait_until
from cli.sign_ins import ALICE
from cli.test_configure import aws_config, desk, flags, identity_of_caller, kept, opened
from cli.test_emulator_write import free_port
from fakes.screens import Screen
from fakes.terminals import AtTerminal, at_terminal
from homes import COMMAND, Home

from oidc_helper.cli.person import ending_by_exceptions
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.organization import enlarge

__all__ = ["desk"]  # the fixture
ANALYTICS = f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"


def with_aws(home: Home) -> dict[str, str]:
    """The environment of the home, in whose PATH the AWS CLI and our command are."""
    programs = home.path / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -m awscli "$@"\n')
    (programs / "aws").chmod(0o755)
    return {**home.environment, "PATH": f"{programs}:{COMMAND.parent}:{home.environment['PATH']}"}


@contextmanager
def configuring(home: Home, *words: str, columns: int = 80) -> Iterator[tuple[AtTerminal, Screen]]:
    """Type the command at a terminal."""
    with at_terminal(
        [COMMAND, "configure", *words], with_aws(home), columns=columns, directory=home.path, prints_there=True
    ) as started:
        yield started, Screen(started, columns)


def sign_in(screen: Screen, emulator: Emulator) -> None:
    """Answer what is asked until somebody has signed in."""
    screen.answer("if you have one")
    screen.answer("Where the identity token comes from")
    screen.answer("Issuer URL", emulator.issuer)
    screen.see("sign-in page", "device codes", "RS256")
    screen.answer("Client ID", emulator.client_id)


def get_tokens(screen: Screen, emulator: Emulator) -> None:
    """Answer until Identity Center has given tokens."""
    sign_in(screen, emulator)
    screen.answer("ARN of the Identity Center application", emulator.directory.application_arn)
    screen.answer("Who signs the call for tokens")
    screen.answer("ARN of the role that signs", emulator.directory.caller_role_arn)


def untouched(home: Home) -> bool:
    return not home.config.exists() and not aws_config(home).exists()


@pytest.mark.parametrize("columns", [80, 40])
def test_from_an_empty_home_to_the_identity_of_the_caller(desk: Home, emulator: Emulator, columns: int) -> None:
    """Each question but the first ones is answered by looking; the command that tries it is run on the spot."""
    with configuring(desk, columns=columns) as (terminal, screen):
        get_tokens(screen, emulator)
        screen.see("is in eu-west-1, not", "gives tokens to alice@example.com in eu-west-1")
        screen.answer("What the credentials are for", "another role")
        screen.answer("ARN of the role", emulator.directory.analytics_role_arn)
        screen.answer("Name of the profile [analytics]")
        screen.answer("AWS region to work in [eu-west-1]")
        screen.see('+issuer = "', "[profile analytics]")
        screen.answer("Write this? (Yes/no/edit)")
        screen.answer("Run it now? (Yes/no)")
        assert terminal.ended().returncode == 0

    shown = "\n".join(screen.lines)
    assert all(claim in shown for claim in ("✓ iss", "✓ aud", "✓ sub", "✓ email  alice@example.com", "✓ jti", "✓ exp"))
    assert f'"{ANALYTICS}"' in "".join(screen.lines)
    assert opened(desk) == 1
    assert identity_of_caller(desk, "analytics") == ANALYTICS


def test_what_the_token_opens_is_searched_by_typing(desk: Home, emulator: Emulator) -> None:
    enlarge(emulator.directory, 30, 2)

    with configuring(desk) as (terminal, screen):
        get_tokens(screen, emulator)
        screen.see("What the credentials are for", "workload 0001", "type to search")
        screen.answer("", "0027 readonly")
        screen.see("workload 0027 500000000027: ReadOnly")
        screen.answer("Name of the profile [workload-0027-ReadOnly]")
        screen.answer("AWS region")
        screen.answer("Write this?")
        screen.answer("Run it now?", "n")
        assert terminal.ended().returncode == 0

    assert "500000000027:assumed-role/AWSReservedSSO_ReadOnly" in identity_of_caller(desk, "workload-0027-ReadOnly")


def test_keys_hit_before_a_question_are_no_answer_to_it(desk: Home, emulator: Emulator) -> None:
    """An impatient Enter would take the first of all permission sets."""
    is_impatient = threading.Event()
    emulator.fault("ListAccounts", until=is_impatient)

    with configuring(desk) as (terminal, screen):
        get_tokens(screen, emulator)
        screen.see("listing what you may use")
        os.write(terminal.descriptor, b"\r")
        wait_until(lambda: terminal.unread > 0)
        is_impatient.set()
        screen.answer("What the credentials are for", "another role")
        screen.answer("ARN of the role", emulator.directory.analytics_role_arn)
        screen.see("Name of the profile [analytics]")
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT


def answer_all(screen: Screen, emulator: Emulator) -> None:
    get_tokens(screen, emulator)
    screen.answer("What the credentials are for", "another role")
    screen.answer("ARN of the role", emulator.directory.analytics_role_arn)
    screen.answer("Name of the profile")
    screen.answer("AWS region")


def come_to_a_list(screen: Screen, _emulator: Emulator) -> None:
    screen.answer("if you have one")


LEAVING: Mapping[str, tuple[Callable[[Screen, Emulator], None], str]] = {
    "at the first question": (lambda *_: None, "if you have one"),
    "at a list": (come_to_a_list, "type to search"),
    "signed in": (sign_in, "Identity Center application"),
    "at the last one": (answer_all, "Write this?"),
}


@pytest.mark.parametrize("until", LEAVING)
def test_ctrl_c_leaves_both_files_and_keeps_nothing(desk: Home, emulator: Emulator, until: str) -> None:
    with configuring(desk) as (terminal, screen):
        act, question = LEAVING[until]
        act(screen, emulator)
        screen.see(question)
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT

    assert "oidc-helper: nothing was written" in terminal.screen.replace("^C", "")
    assert untouched(desk)
    assert kept(desk) == []


class Dying:
    def __init__(self, exception: BaseException) -> None:
        self.exception = exception

    def __del__(self) -> None:
        raise self.exception


def test_ctrl_c_in_a_destructor_is_not_lost() -> None:
    """Python ignores an exception there; a library's own may be at work when somebody hits the keys."""

    def wait() -> None:
        with ending_by_exceptions():
            Dying(KeyboardInterrupt())
            while True:
                time.sleep(0.01)  # signal.pause would miss one that comes just before it

    with pytest.raises(KeyboardInterrupt):
        wait()


def test_no_leaves_both_files(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        answer_all(screen, emulator)
        screen.answer("Write this?", "n")
        assert terminal.ended().returncode == 0

    assert untouched(desk)
    assert kept(desk) == []


def test_edit_asks_again_with_what_was_said(desk: Home, emulator: Emulator) -> None:
    """Nobody signs in a second time for that."""
    with configuring(desk) as (terminal, screen):
        answer_all(screen, emulator)
        screen.answer("Write this?", "e")
        screen.answer(f"Issuer URL [{emulator.issuer}]")
        screen.answer(f"Client ID [{emulator.client_id}]")
        screen.answer("application [")
        screen.answer("Who signs")
        screen.answer("ARN of the role that signs [")
        screen.answer("What the credentials are for")
        screen.answer(f"ARN of the role [{emulator.directory.analytics_role_arn}]")
        screen.answer("AWS region to work in [eu-west-1]", "us-east-2")
        screen.see("+region = us-east-2")
        screen.answer("Write this?")
        screen.answer("Run it now?", "n")
        assert terminal.ended().returncode == 0

    assert opened(desk) == 1
    assert "region = us-east-2" in aws_config(desk).read_text()


def test_an_edit_of_the_application_takes_another_identity_token(desk: Home, emulator: Emulator) -> None:
    """The first one has been exchanged; the session at the provider gives the next, and nobody signs in again."""
    with configuring(desk) as (terminal, screen):
        answer_all(screen, emulator)
        screen.answer("Write this?", "e")
        for question in ("Issuer URL [", "Client ID ["):
            screen.answer(question)
        screen.answer("application [", emulator.directory.second_application_arn)
        screen.answer("Who signs")
        screen.answer("ARN of the role that signs [")
        screen.see("gives tokens to alice@example.com", "What the credentials are for")
        terminal.interrupt()
        terminal.ended()

    assert opened(desk) == 1


def test_run_again_it_edits(desk: Home, emulator: Emulator) -> None:
    """The present values are in brackets; Enter keeps them, and what did not change is not written."""
    assert desk.run("configure", "analytics", *flags(emulator), "--non-interactive").returncode == 0
    desk.config.write_text(f"# mine\n{desk.config.read_text()}")
    before, aws_before = desk.config.read_text(), aws_config(desk).read_text()

    with configuring(desk, "analytics") as (terminal, screen):
        screen.answer("Identity")
        for question in ("Issuer URL [", "Client ID [", "application [", "Who signs", "role that signs ["):
            screen.answer(question)
        screen.answer("What the credentials are for")
        screen.answer("ARN of the role [")
        screen.answer("AWS region to work in [eu-west-1]", "eu-west-3")
        screen.answer("Write this?")
        screen.answer("Run it now?", "n")
        assert terminal.ended().returncode == 0

    assert desk.config.read_text() == before.rstrip("\n") + '\nregion = "eu-west-3"\n'
    assert aws_config(desk).read_text() == aws_before.replace("region = eu-west-1", "region = eu-west-3")


def test_a_wrong_issuer_is_mended_on_the_spot(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        screen.answer("if you have one")
        screen.answer("Where the identity token comes from")
        screen.answer("Issuer URL", f"{emulator.issuer}/nowhere")
        screen.see("✗")
        screen.answer("Issuer URL [", f"\x15{emulator.issuer}")
        screen.see("is an OpenID provider", "Client ID")
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT


def test_an_unfit_answer_is_told_and_asked_again(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        sign_in(screen, emulator)
        screen.answer("ARN of the Identity Center application", "apl-1234567890abcdef")
        screen.see("✗ ARN of the Identity Center application 'apl-", "does not look like", "application:")
        screen.answer("", emulator.directory.application_arn)
        screen.see("Who signs")
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT


def test_an_unfit_answer_comes_back_with_the_up_arrow(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        screen.answer("if you have one")
        screen.answer("Where the identity token comes from")
        screen.answer("Issuer URL", emulator.issuer.removeprefix("http"))
        screen.answer("must be a URL", "\x1b[A\x01http")
        screen.see("is an OpenID provider", "Client ID")
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT


def test_neither_yes_nor_no_is_asked_again(desk: Home, emulator: Emulator) -> None:
    """The next answer is not added to the wrong one, and what is said is no repetition of the question."""
    with configuring(desk) as (terminal, screen):
        answer_all(screen, emulator)
        screen.answer("Write this?", "maybe")
        screen.see("✗ the answer is yes, no or edit", "Write this?")
        screen.answer("", "n")
        assert terminal.ended().returncode == 0

    assert untouched(desk)


def test_an_answer_that_is_needed_is_told(desk: Home) -> None:
    """Enter alone is none, and the question in other words says what is."""
    with configuring(desk) as (terminal, screen):
        screen.answer("if you have one")
        screen.answer("Where the identity token comes from")
        screen.answer("Issuer URL")
        screen.see("✗ an answer is needed: the identity provider's issuer URL, exactly as it is", "Issuer URL:")
        terminal.interrupt()
        assert terminal.ended().returncode == -signal.SIGINT


def test_only_where_there_are_profiles_one_may_be_copied(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        screen.answer("Address of your AWS access portal or ARN of the application, if you have one", "analytics")
        screen.see("✗ the answer is an address such as", "/start or an ARN")
        terminal.interrupt()
        terminal.ended()
    desk.run("configure", "analytics", *flags(emulator), "--non-interactive")
    desk.config.write_text(re.sub(r"(?s)\[defaults\].*?(?=\[)", "", desk.config.read_text()))

    with configuring(desk, "other") as (terminal, screen):
        screen.see("or a profile to copy, if you have one")
        terminal.interrupt()
        terminal.ended()


def test_a_source_that_does_not_do_says_so(desk: Home) -> None:
    with configuring(desk) as (terminal, screen):
        screen.answer("if you have one")
        screen.see("identity-center: a sign-in there, not for customer managed applications")
        terminal.interrupt()
        terminal.ended()


def test_a_token_without_jti_is_told_before_anything_is_written(desk: Home, emulator: Emulator) -> None:
    desk.write_token(emulator.mint(ALICE, jti=None))
    job = flags(emulator, issuer=None, client_id=None, source="file", path="token")

    with configuring(desk, "analytics", *job) as (terminal, screen):
        screen.see("✗ jti", "missing", "Identity Center requires it")
        screen.answer("Go on in spite of that? (No/yes)")
        assert terminal.ended().returncode != 0

    assert untouched(desk)


@pytest.mark.parametrize("name", [[], ["analytics"]])
def test_who_has_no_access_is_led_back_to_this_command(desk: Home, emulator: Emulator, name: list[str]) -> None:
    """There is no profile yet that one could sign in for."""
    emulator.directory.application.assigned.clear()

    with configuring(desk, *name) as (terminal, screen):
        get_tokens(screen, emulator)
        screen.see("CreateTokenWithIAM was refused", "signed in as alice@example.com")
        screen.see("to be another user: sign out at the identity provider, then oidc-helper configure")
        screen.answer("Go on in spite of that? (No/yes)")
        assert terminal.ended().returncode == 5

    assert "oidc-helper login" not in terminal.seen
    assert untouched(desk)


def test_a_provider_that_goes_down_on_the_way_leaves_both_files(desk: Home, emulator: Emulator) -> None:
    with configuring(desk) as (terminal, screen):
        screen.answer("if you have one")
        screen.answer("Where the identity token comes from")
        screen.answer("Issuer URL", emulator.issuer)
        screen.see("is an OpenID provider")
        emulator.fault("Token", times=None, status=503, body=b"down")
        screen.answer("Client ID", emulator.client_id)
        done = terminal.ended()

    assert done.returncode == 4
    assert "try again" in " ".join(screen.lines)
    assert untouched(desk)
    assert kept(desk) == []


def test_of_two_at_once_the_later_one_loses_nothing(desk: Home, emulator: Emulator) -> None:
    """It sees that the file is another than the one it has shown, says so, and leaves it."""
    with configuring(desk) as (terminal, screen):
        answer_all(screen, emulator)
        screen.see("Write this?")
        first = desk.run("configure", "other", *flags(emulator), "--non-interactive")
        assert first.returncode == 0, first.stderr
        both = desk.config.read_bytes(), aws_config(desk).read_bytes()
        screen.answer("Write this?")
        assert terminal.ended().returncode == 4

    assert "was changed since it was read" in " ".join(screen.lines)
    assert (desk.config.read_bytes(), aws_config(desk).read_bytes()) == both


def test_colours_are_the_terminals_own_or_none(desk: Home, emulator: Emulator) -> None:
    seen = dict[str, str]()
    for name, variables in {"colour": {}, "plain": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}.items():
        home = Home(desk.path, {**desk.environment, **variables})
        with configuring(home) as (terminal, screen):
            screen.answer("if you have one")
            screen.answer("Where the identity token comes from", "1" if name == "dumb" else "")
            screen.answer("Issuer URL", emulator.issuer)
            screen.see("signatures", "Client ID")
            terminal.interrupt()
            terminal.ended()
            seen[name] = terminal.seen

    assert "\x1b[32m✓\x1b[0m" in seen["colour"]
    assert "[32m" not in seen["plain"] + seen["dumb"]


# A browser in which Alice agrees on the provider's page.
ALICES_BROWSER = """#!{python} -IS
import re, sys, urllib.parse, urllib.request
page = urllib.request.urlopen(sys.argv[1])
handle = re.search(r'name="request" value="([^"]+)"', page.read().decode())[1]
form = {{"request": handle, "user": "{alice}", "decision": "approve"}}
urllib.request.urlopen(page.url.partition("?")[0] + "/decision", urllib.parse.urlencode(form).encode())
"""


def test_the_first_steps_of_readme_are_what_they_say(desk: Home) -> None:
    """The emulator in one terminal, and in another everything from the first question to a program of AWS."""
    section = (Path(__file__).parents[2] / "README.md").read_text().partition("### First steps")[2]
    start, use = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[:2]
    browser = desk.path / "alices-browser"
    browser.write_text(ALICES_BROWSER.format(python=sys.executable, alice=ALICE))
    browser.chmod(0o755)
    environment = {**with_aws(desk), "OIDC_HELPER_CONFIG": "", "BROWSER": str(browser)}
    environment = {name: value for name, value in environment.items() if value and not name.startswith("AWS_ENDPOINT")}
    start = start.replace("emulator", f"emulator --port {free_port()}", 1)
    emulator = subprocess.Popen(["sh", "-c", f"exec {start}"], env=environment, cwd=desk.path)
    try:
        wait_until((desk.path / "try.sh").exists)
        wait_until(lambda: "mallory" in (desk.path / "try.sh").read_text())
        with at_terminal(
            ["/bin/sh", "-e", "-c", use], environment, columns=80, directory=desk.path, prints_there=True
        ) as terminal:
            screen = Screen(terminal, 80)
            screen.see("signed in at the identity provider as alice@example.com")
            screen.see("What the credentials are for", "type to search")
            screen.answer("", "admin")
            screen.answer("AWS region to work in")
            screen.answer("Write this?")
            screen.answer("Run it now?", "n")
            assert terminal.ended().returncode == 0
    finally:
        emulator.terminate()
        emulator.wait()

    shown = "".join(screen.lines)
    assert "111122223333:assumed-role/AWSReservedSSO_Admin" in shown
    assert "alice@example.com" in shown.partition("person needed")[2]
