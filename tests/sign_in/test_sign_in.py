"""A person's sign-in by the commands: what `login` asks and keeps, and how `logout` ends it."""

import pytest
from cli.arrangements import finished, wait_until
from cli.sign_ins import ALICE, BOB, Desk, becomes_bob, desk
from cli.transcript import answer
from emulator.browsing import send
from homes import Home

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Person

APPLICATION = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-"
NOWHERE = "http://127.0.0.1:1"  # a port that nobody may use without being root


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    return desk(home, emulator)


def operations(emulator: Emulator) -> list[str]:
    return [request.operation for request in emulator.requests]


def test_a_browser_sign_in_names_the_person(alice: Desk, emulator: Emulator) -> None:
    """The page says so too, the browser's chatter goes nowhere, and the next get asks nobody."""
    done = alice.home.run("login", "analytics")

    assert done.stdout.startswith(f"signed in as {ALICE}, until ")
    assert "chatter" not in done.stdout + done.stderr
    assert "<h1>Signed in</h1>" in alice.browser.page
    asked = len(emulator.requests)
    answer(alice.home.run("get", "analytics"))
    assert len(emulator.requests) == asked


def test_signing_in_twice_does_nothing(alice: Desk, emulator: Emulator) -> None:
    """It says so; no browser is opened, and no server is asked."""
    alice.log_in("analytics")
    asked = len(emulator.requests)

    assert alice.log_in("analytics").startswith(f"already signed in as {ALICE}")
    assert (len(alice.browser.opened), len(emulator.requests)) == (1, asked)


def test_force_starts_over(alice: Desk, emulator: Emulator) -> None:
    """The provider is told to ignore the session that the browser has there."""
    alice.log_in("analytics")

    assert alice.log_in("--force", "analytics").startswith(f"signed in as {ALICE}")
    assert ["prompt=login" in url for url in alice.browser.went] == [False, True]


def test_force_keeps_to_the_prompt_of_the_settings(alice: Desk) -> None:
    """Some providers know another word for it."""
    alice.configure(identity='authorize_parameters = { prompt = "select_account" }')

    alice.log_in("--force", "analytics")

    assert "prompt=select_account" in alice.browser.went[0]


def test_one_sign_in_serves_all_applications(alice: Desk, emulator: Emulator) -> None:
    """The provider's session belongs to the identity: another application costs a refresh there, and nobody's time."""
    alice.log_in("analytics")

    done = alice.home.run("token", "other")

    assert (done.returncode, len(alice.browser.opened)) == (0, 1)
    assert operations(emulator).count("CreateTokenWithIAM") == 2


def test_another_person_displaces_the_former_everywhere(alice: Desk, emulator: Emulator) -> None:
    """No profile of this sign-in keeps anything of the former person, in any application."""
    alice.log_in("analytics")
    answer(alice.home.run("get", "dev-admin"))
    assert alice.home.run("token", "other").returncode == 0
    answer(alice.home.run("get", "exchanged"))
    becomes_bob(emulator)

    assert alice.log_in("--force", "analytics").startswith(f"signed in as {BOB}")

    left = {name: alice.status(name) for name in ("analytics", "dev-admin", "other", "exchanged")}
    assert [one["credentials"] is None for one in left.values()] == [False, True, True, True]
    assert [one["tokens"] and one["tokens"]["user"] for one in left.values()] == [BOB, BOB, None, None]
    assert "role/analytics/bob@example.com" in session_arn(alice, "exchanged")


def session_arn(person: Desk, profile: str) -> str:
    """The ARN that a profile's credentials act as."""
    key = answer(person.home.run("get", profile))["AccessKeyId"]
    credentials = person.emulator._state.credentials_of(key)
    assert credentials
    return credentials.arn.replace("assumed-role", "role")


def test_a_hint_to_sign_in_repeats_what_was_typed(alice: Desk) -> None:
    """Without a keyboard nobody can paste; at a terminal the same command works."""
    done = alice.home.run("login", "--paste", "--force", "analytics")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.endswith("\nhint: oidc-helper login --paste --force analytics\n")


def test_the_same_person_displaces_nothing(alice: Desk) -> None:
    """The credentials of other profiles stay."""
    alice.log_in("analytics")
    before = answer(alice.home.run("get", "dev-admin"))

    alice.log_in("--force", "analytics")

    assert answer(alice.home.run("get", "dev-admin")) == before


def test_a_person_without_an_assignment_is_refused(alice: Desk, emulator: Emulator) -> None:
    """The message names the missing assignment, the person, and how to be another; the page claims no success.

    The next login asks again, since somebody else may sit there.
    """
    provider = emulator.directory.identity_provider
    provider.people = {"mallory@example.com": Person("mallory@example.com", "00u-mallory", "Mallory")}

    done = alice.home.run("login", "analytics")

    assert (done.returncode, done.stdout) == (5, "")
    assert "create-application-assignment" in done.stderr
    assert " (signed in as mallory@example.com)\n" in done.stderr
    assert done.stderr.endswith("; to be another user: oidc-helper login analytics --force\n")
    assert "<h1>Not signed in</h1>" in alice.browser.page
    assert "AccessDeniedException" in alice.browser.page

    table = alice.home.run("status", "analytics").stdout
    assert "see the hint" in table.splitlines()[1]
    assert "; to be another user: oidc-helper login analytics --force\n" in table

    provider.people = {ALICE: Person(ALICE, "00u-alice", "Alice")}
    assert "(signed in as mallory@example.com)" in alice.home.run("get", "analytics").stderr
    assert alice.log_in("analytics", "--force").startswith(f"signed in as {ALICE}")
    assert len(alice.browser.opened) == 2


def test_a_permission_set_of_another_person_is_refused_by_the_name_of_the_person(
    alice: Desk, emulator: Emulator
) -> None:
    """The sign-in itself is in order: `login` asks once more, since another person may have the assignment."""
    alice.log_in("analytics")
    emulator.fault("GetRoleCredentials", error="ForbiddenException", times=3)
    got, done = alice.refused("get", "dev-admin"), alice.home.run("login", "dev-admin")

    assert f" (signed in as {ALICE})" in got.message
    assert got.hint.endswith("; to be another user: oidc-helper login dev-admin --force")
    assert (done.returncode, len(alice.browser.opened)) == (5, 2)
    assert f" (signed in as {ALICE})\n" in done.stderr


def test_a_declined_sign_in_keeps_nothing(home: Home, emulator: Emulator) -> None:
    """The page and the terminal name the refusal."""
    absent = desk(home, emulator, visits=False)
    emulator.directory.identity_provider.auto_approve = False
    process = home.start("login", "analytics")
    wait_until(lambda: bool(absent.browser.opened))
    form = send(send(absent.browser.opened[0]).headers["Location"]).hidden
    declined = send(f"{emulator.issuer}/authorize/decision", {**form, "decision": "deny"})
    page = send(declined.headers["Location"]).text
    done = finished(process)

    assert (done.returncode, done.stdout) == (5, "")
    assert "the sign-in was declined: access_denied" in done.stderr
    assert "the sign-in was declined" in page
    assert (absent.kept(), emulator.count("Token")) == ([], 0)


def test_identity_center_s_own_sign_in_needs_no_provider(alice: Desk, emulator: Emulator) -> None:
    """Its authorize endpoint gives a code, and the refresh token keeps the tokens alive."""
    alice.log_in("center")
    first = alice.home.run("token", "center").stdout
    emulator.advance(3600)

    assert alice.home.run("token", "center", OIDC_HELPER_AHEAD="").stdout == first
    assert "Token" not in operations(emulator)
    assert alice.browser.went[0].startswith(f"{emulator.url}/authorize?")


def test_identity_center_knows_no_device_code(alice: Desk) -> None:
    """The command says so before it asks anybody."""
    done = alice.home.run("login", "--device", "center")

    assert (done.returncode, alice.browser.opened) == (2, [])
    assert "knows no device code" in done.stderr


def test_tokens_of_one_application_are_exchanged_for_another(alice: Desk, emulator: Emulator) -> None:
    """The source `profile` signs the person in at the other profile where needed, then goes on by itself."""
    asked = alice.refused("get", "center-exchanged")
    assert (asked.code, asked.hint) == (3, "oidc-helper login center")

    alice.log_in("center-exchanged")

    grants = [one.parameters["grantType"] for one in emulator.requests if one.operation == "CreateTokenWithIAM"]
    assert grants == ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]
    answer(alice.home.run("get", "center-exchanged"))


def test_a_confidential_client_proves_itself(alice: Desk, emulator: Emulator) -> None:
    """A command prints its secret, which is in no configuration."""
    client = emulator.directory.identity_provider.clients["oidc-helper-web"]
    emulator.directory.application.audiences.add(client.client_id)
    emulator.directory.caller_role.web_identity_audiences.add(client.client_id)
    alice.configure(identity=f'client_secret = {{ command = ["echo", "{client.secret}"] }}')
    alice.home.configure(alice.home.config.read_text().replace(emulator.client_id, client.client_id))

    alice.log_in("analytics")

    assert emulator.count("Token", ok=True) == 1


@pytest.mark.parametrize("way", ["--device", "--paste"])
def test_ways_are_for_people(alice: Desk, way: str) -> None:
    """A source that needs no person takes neither option."""
    text = alice.home.config.read_text().replace('source = "browser"', 'source = "environment"\nvariable = "X"')
    keys = ("issuer", "client_id")
    alice.home.configure("\n".join(line for line in text.splitlines() if not line.startswith(keys)))

    refusal = alice.refused("login", way, "analytics")

    assert (refusal.code, "needs nobody to sign in" in refusal.message) == (2, True)


def test_two_ways_at_once_are_wrong_usage(alice: Desk) -> None:
    assert alice.refused("login", "--device", "--paste", "analytics").code == 2


def test_logout_ends_it_everywhere(alice: Desk, emulator: Emulator) -> None:
    """Both sessions end on the servers, nothing is left here, and the next get says what to type."""
    alice.log_in("analytics")
    refresh_tokens = list(emulator._state.refresh_tokens.values())

    done = alice.home.run("logout", "analytics")

    assert (done.returncode, done.stderr, alice.kept()) == (0, "", [])
    assert (emulator.count("Logout", ok=True), emulator.count("Revoke", ok=True)) == (1, 1)
    assert all(one.session.ended for one in refresh_tokens)
    again = alice.refused("get", "analytics")
    assert (again.code, again.hint) == (3, "oidc-helper login analytics")


def test_logout_says_what_it_could_not_reach(alice: Desk, emulator: Emulator) -> None:
    """It forgets the secrets all the same."""
    alice.log_in("analytics")
    emulator.fault("Revoke", status=503)

    done = alice.home.run("logout", "analytics", AWS_ENDPOINT_URL_SSO=NOWHERE)

    assert (done.returncode, alice.kept()) == (0, [])
    warned = [line for line in done.stderr.splitlines() if "may go on" in line]
    assert ["Identity Center" in line for line in warned] == [True, False]
    assert "the identity provider of corp" in warned[1]


def test_logout_all_leaves_nothing(alice: Desk) -> None:
    """No entry of an identity or application is left in the keyring."""
    alice.log_in("analytics")
    alice.log_in("center")
    assert alice.home.run("token", "other").returncode == 0

    assert alice.home.run("logout", "--all").returncode == 0

    assert alice.kept() == []


def test_status_tells_when_a_person_is_needed(alice: Desk, emulator: Emulator) -> None:
    """Now, then at the end of the provider's session, where the provider names it."""
    before = alice.status("analytics")
    alice.log_in("analytics")
    after = alice.status("analytics")

    assert before["sign_in"] == {"needed": True, "at": before["sign_in"]["at"], "by": "browser"}
    assert after["sign_in"] == {"needed": False, "at": None, "by": "browser"}
    assert (after["tokens"]["refreshable"], after["provider"]["user"]) == (True, ALICE)
    assert "when the session ends" in alice.home.run("status").stdout


def test_records_are_named_after_their_owners(alice: Desk) -> None:
    """The provider's session belongs to the identity, tokens to an identity and an application."""
    alice.log_in("analytics")

    assert alice.kept() == ["sign-in:corp", f"tokens:corp+{APPLICATION}1234567890abcdef"]


def test_an_unreachable_provider_opens_no_browser(alice: Desk, emulator: Emulator) -> None:
    """Exit 4."""
    emulator.fault("Discovery", status=503)

    done = alice.home.run("login", "analytics")

    assert (done.returncode, alice.browser.opened) == (4, [])
