"""Signing in with a real browser at providers that this project did not write."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from cli.arrangements import run_later, typed_emulator
from cli.transcript import answer, complaint
from fakes.screens import Screen
from fakes.terminals import AtTerminal, at_terminal
from homes import COMMAND
from sign_in.real.person import ALICE, Person
from sign_in.real.real_provider import (
    CLIENT,
    CLIENT_WITHOUT_ID_TOKEN,
    CONFIDENTIAL_CLIENT,
    DJANGO,
    GLEWLWYD,
    OIDC_PROVIDER,
    SECRET,
    SOFTWARE,
)

from oidc_helper.emulator.directory import JWT_BEARER


def at(*providers: str) -> pytest.MarkDecorator:
    """Run the test at each of these providers."""
    return pytest.mark.parametrize("provider", providers, indirect=True, scope="module")


at_each_provider = at(*SOFTWARE)
NIGHT = 9 * 3600  # a session at Identity Center lasts eight hours
RETURN = "Return to the terminal. You can close this tab."
CONFIDENTIAL = f"client_secret = {{ command = ['printf', '%s', '{SECRET}'] }}\n"


def at_the_aws_cli(person: Person) -> AbstractContextManager[AtTerminal]:
    """Run `get-caller-identity` of the AWS CLI at a terminal; it knows only the line of its profile."""
    config = person.home.path / "aws-config"
    config.write_text(f"[profile mine]\ncredential_process = {COMMAND} get analytics\nregion = eu-west-1\n")
    return aws_cli_of(person, config)


def aws_cli_of(person: Person, config: Path) -> AbstractContextManager[AtTerminal]:
    """The same with that configuration, which has a profile `mine`."""
    words = [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--profile", "mine", "--query", "Arn"]
    return at_terminal(words, {**person.home.environment, "AWS_CONFIG_FILE": str(config)})


def arn(aws_cli: AtTerminal) -> str:
    """The ARN that it prints, alone."""
    done = aws_cli.ended()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip().strip('"')


def check_page(person: Person, *texts: str) -> None:
    """The page is readable in both colour schemes, accessible, and requests nothing but itself."""
    address = person.browser.driver.current_url
    assert address.startswith("http://127.0.0.1:")
    assert person.browser.requested(address) == [address]
    assert not [complaint for complaint in person.browser.complaints() if address.partition("?")[0] in complaint]
    for dark in (False, True):
        seen = person.browser.seen(dark=dark)
        for text in (*texts, RETURN):
            assert text in seen
        assert person.browser.faults(dark=dark) == []


def kept_nothing(person: Person) -> bool:
    """Whether `logout` has nothing to forget."""
    return person.home.run("logout", "analytics").stdout.startswith("nothing was kept of ")


@at_each_provider
def test_a_sign_in_leads_from_the_browser_to_aws(person: Person) -> None:
    """Consent, the final page, tokens, the exchange, credentials, and the AWS CLI."""
    said = person.log_in()

    assert said.startswith(f"signed in as {ALICE}, until ")
    check_page(person, "Signed in")
    with at_the_aws_cli(person) as aws_cli:
        assert arn(aws_cli) == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"
        assert aws_cli.screen == ""
    assert [(request.operation, request.status) for request in person.emulator.requests] == [
        ("AssumeRoleWithWebIdentity", 200),
        ("CreateTokenWithIAM", 200),
        ("AssumeRole", 200),
        ("GetCallerIdentity", 200),
    ]


def test_the_aws_cli_opens_the_browser(person: Person) -> None:
    """With `when-needed`, using AWS is enough: the terminal asks the person, and the call goes on."""
    person.configure(defaults='sign_in = "when-needed"')
    with at_the_aws_cli(person) as aws_cli:
        person.open_browser()
        person.agree()

        assert arn(aws_cli) == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"
        assert "opening the browser to sign in at 127.0.0.1" in aws_cli.screen


@at_each_provider
def test_configure_leads_from_an_empty_home_to_aws(person: Person) -> None:
    """What this provider publishes is enough for every question that is not asked."""
    person.home.config.unlink()
    directory = person.emulator.directory
    setting, value = person.provider.software.setting
    flag = f"--{setting.replace('_', '-')}"
    words = ["configure", "analytics", "--aws-profile", "mine", flag, value.strip("{[ ]}")]

    with at_terminal([COMMAND, *words], person.home.environment, prints_there=True) as terminal:
        screen = Screen(terminal, 100)
        screen.answer("if you have one")
        screen.answer("Issuer URL", person.provider.issuer)
        screen.answer("Client ID", CLIENT)
        person.open_browser()
        person.agree()
        screen.answer("ARN of the Identity Center application", directory.application_arn)
        screen.answer("Who signs the call for tokens")
        screen.answer("ARN of the role that signs", directory.caller_role_arn)
        screen.answer("What the credentials are for", "another role")
        screen.answer("ARN of the role", directory.analytics_role_arn)
        screen.answer("AWS region to work in")
        screen.answer("Write this?")
        screen.see("credentials of analytics")
        terminal.interrupt()
        terminal.ended()

    with aws_cli_of(person, person.home.path / ".aws/config") as aws_cli:
        assert arn(aws_cli) == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"


@at(OIDC_PROVIDER, DJANGO)  # Glewlwyd sends no ID token at a refresh
def test_nobody_is_asked_while_the_provider_s_session_lasts(person: Person) -> None:
    """No refresh token is sent twice, and the newest is kept."""
    person.configure(client=CONFIDENTIAL_CLIENT, more=CONFIDENTIAL)
    person.log_in()
    before = person.provider.events()

    for morning in (1, 2, 3):
        person.emulator.advance(NIGHT)
        answer(run_later(person.home, morning * NIGHT, "get", "analytics"))
        since = person.provider.events() - before
        assert since == {"refresh_token.consumed": morning, "refresh_token.saved": morning}
    assert person.emulator.count("CreateTokenWithIAM", ok=True, grantType=JWT_BEARER) == 4


def check_that_the_hint_signs_in(person: Person) -> None:
    """In the morning `get` sends the person to a command, which signs in when it is typed as it is written."""
    person.emulator.advance(NIGHT)
    failed = complaint(run_later(person.home, NIGHT, "get", "analytics"))
    assert (failed.code, failed.hint) == (3, "oidc-helper login analytics")

    person.browser.forget()  # a session at the provider is over too
    assert person.obey(failed.hint, later_s=NIGHT).startswith(f"signed in as {ALICE}")
    answer(run_later(person.home, NIGHT, "get", "analytics"))


@at_each_provider
def test_a_revoked_session_asks_for_a_login(person: Person) -> None:
    person.log_in()
    person.provider.end_sessions()

    check_that_the_hint_signs_in(person)


@at(DJANGO, GLEWLWYD)
def test_a_refresh_without_an_id_token_asks_for_a_login(person: Person) -> None:
    """OpenID Connect Core section 12.2 allows it; the refresh token works, and brings nothing for Identity Center."""
    person.configure(client=CLIENT_WITHOUT_ID_TOKEN)
    person.log_in()

    check_that_the_hint_signs_in(person)


def test_a_code_is_entered_on_another_device(person: Person) -> None:
    """On the provider's own page; the command goes on by itself."""
    with person.typing("login", "analytics", "--device") as process:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        url = next(line for line in lines if line.startswith("  http")).strip()
        code = next(line for line in lines if line.startswith("  ")).strip()
        person.browser.open(url)
        person.browser.fill_in(user_code=code)
        person.browser.press("Continue")
        person.agree()
        person.browser.heading("Sign-in Success")
        said, _ = process.communicate()

    assert (process.returncode, said.partition(",")[0]) == (0, f"signed in as {ALICE}")
    answer(person.home.run("get", "analytics"))


@at(OIDC_PROVIDER, DJANGO)  # Glewlwyd's page has no button to decline
def test_a_declined_sign_in_keeps_nothing(person: Person) -> None:
    """The page and the terminal say so."""
    with person.typing("login", "analytics") as process:
        person.open_browser()
        person.sign_in()
        person.browser.press("Cancel")
        said, words = process.communicate()

    assert (process.returncode, said) == (5, "")
    assert "oidc-helper: the sign-in was declined: access_denied" in words
    person.browser.heading("Not signed in")
    check_page(person, "Not signed in", "the sign-in was declined")
    assert kept_nothing(person)


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        ({"status": 200, "type": "text/html", "body": "<h1>Welcome</h1>"}, 5, "sends text/html and not JSON"),
        ({"status": 502, "type": "text/html", "body": "<h1>Bad gateway</h1>"}, 4, "answers with HTTP status 502"),
    ],
    ids=["a web page", "a broken gateway"],
)
def test_a_broken_token_endpoint_keeps_nothing(person: Person, reply: dict[str, Any], code: int, message: str) -> None:
    """The page says so too."""
    with person.provider.replying("/token", **reply), person.typing("login", "analytics") as process:
        person.open_browser()
        person.agree()
        said, words = process.communicate()

    assert (process.returncode, said) == (code, "")
    assert message in words
    person.browser.heading("Not signed in")
    assert message in person.browser.text
    assert kept_nothing(person)


def test_a_logout_revokes_the_refresh_token(person: Person) -> None:
    """At the provider."""
    person.log_in()
    token = person.provider.newest_refresh_token()

    assert person.home.run("logout", "analytics").returncode == 0

    assert person.provider.refuses(token)
    assert complaint(person.home.run("get", "analytics")).code == 3


@at_each_provider
def test_force_lets_another_person_sign_in(person: Person) -> None:
    """Although the browser remembers the first."""
    person.log_in()
    said = person.log_in("--force", email="bob@example.com")

    assert said.startswith("signed in as bob@example.com")
    assert ALICE not in person.home.run("status").stdout


def test_the_emulator_trusts_a_provider_of_one_s_own(person: Person) -> None:
    """The person with the given email address may do what Alice may."""
    trusted = ("--issuer", person.provider.issuer, "--audience", CLIENT, "--email", "carol@example.com")
    with typed_emulator(person.home, *trusted) as emulator:
        person.home.environment |= emulator.exports
        person.home.configure(emulator.example)
        person.log_in(email="carol@example.com", profile="dev-admin")

        assert person.home.get("dev-admin")["AccountId"] == "111122223333"
