"""Staying signed in: which token is used next, how long no person is needed, and what ends that."""

import pytest
from cli.sign_ins import ALICE, Desk, desk
from cli.transcript import answer, complaint
from homes import Home
from machine.renewal.clock import Clock

from oidc_helper.emulator import Emulator

HOUR, DAY = 3_600, 86_400
RENEWED = ["Discovery", "Token refresh_token", "Keys", "AssumeRoleWithWebIdentity"]  # at the provider, and the caller
REFRESHED = "CreateTokenWithIAM refresh_token"
EXCHANGED = "CreateTokenWithIAM urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def alice(home: Home, emulator: Emulator, clock: Clock) -> Desk:
    """A person who is signed in."""
    signed_in = desk(home, emulator)
    signed_in.log_in("analytics")
    return signed_in


def asked_meanwhile(desk: Desk, profile: str = "analytics") -> list[str]:
    """The operations, with their grants, that it takes to get credentials."""
    before = len(desk.emulator.requests)
    answer(desk.home.run("get", profile))
    words = (
        (one.operation, one.parameters.get("grantType") or one.parameters.get("grant_type"))
        for one in desk.emulator.requests[before:]
    )
    return [" ".join(filter(None, pair)) for pair in words]


def test_identity_centers_refresh_token_is_used_before_the_providers(alice: Desk, clock: Clock) -> None:
    """The access token, then Identity Center's refresh token, then the provider's with a new exchange."""
    assert asked_meanwhile(alice, "dev-admin") == ["GetRoleCredentials"]
    clock.advance(2 * HOUR)
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, "AssumeRole"]
    clock.advance(12 * HOUR)
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, EXCHANGED, "AssumeRole"]
    assert len(alice.browser.opened) == 1


def test_a_month_goes_by_without_a_person(alice: Desk, clock: Clock) -> None:
    """Rotated refresh tokens are kept each time: none is used twice, which would end the session."""
    for _ in range(4):
        clock.advance(7 * DAY)
        assert EXCHANGED in asked_meanwhile(alice)
    assert len(alice.browser.opened) == 1


def test_a_context_that_no_token_mends_asks_for_a_sign_in(alice: Desk) -> None:
    """The refresh token and the provider's session are tried first, each once."""
    before = len(alice.emulator.requests)
    alice.emulator.fault("AssumeRole", error="InvalidContextAssertion", message="stale", times=None)

    told = complaint(alice.home.run("get", "--refresh", "analytics"))

    assert told.code == 3
    assert told.message.startswith("AssumeRole was refused: InvalidContextAssertion: stale (signed in as alice")
    assert told.hint.startswith("oidc-helper login analytics")
    asked = [one.parameters.get("grantType") for one in alice.emulator.requests[before:]]
    assert [grant for grant in asked if grant] == ["refresh_token", EXCHANGED.rpartition(" ")[2]]
    alice.emulator.clear_faults()
    answer(alice.home.run("get", "analytics"))


def test_the_end_of_the_provider_session_asks_for_a_sign_in(alice: Desk, clock: Clock) -> None:
    """The error says that the session is over, with the command to type; after that all is as at first."""
    clock.advance(31 * DAY)

    over = alice.refused("get", "analytics")

    assert (over.code, over.hint) == (3, "oidc-helper login analytics")
    assert over.message.startswith("the session at 127.0.0.1")
    assert alice.status("analytics")["sign_in"]["needed"]
    again = alice.refused("get", "analytics")
    assert again.message == "nobody is signed in as corp"
    assert alice.log_in("analytics").startswith(f"signed in as {ALICE}")


def test_a_rotated_refresh_token_that_is_lost_on_its_way_ends_the_session(alice: Desk, clock: Clock) -> None:
    """Only the provider knows the new one: the old one is tried once more, and then a person has to sign in."""
    clock.advance(2 * HOUR)
    alice.emulator.fault("Token", cut="after")

    lost, over = alice.refused("get", "analytics"), alice.refused("get", "analytics")

    assert (lost.code, over.code, over.hint) == (4, 3, "oidc-helper login analytics")


def test_trouble_at_the_provider_ends_no_session(alice: Desk, clock: Clock) -> None:
    """A refresh token is not lost over an answer that may pass."""
    clock.advance(2 * HOUR)
    alice.emulator.fault("Token", status=503)

    assert alice.refused("get", "analytics").code == 4
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, "AssumeRole"]


def test_status_knows_the_end_of_a_session_that_the_provider_names(home: Home, emulator: Emulator) -> None:
    """It tells when a person is next needed."""
    emulator.directory.identity_provider.tells_refresh_lifetime = True
    alice = desk(home, emulator)
    alice.log_in("analytics")

    reported = alice.status("analytics")

    assert reported["sign_in"]["at"] == reported["provider"]["refresh_token_expires_at"] is not None
    assert "in 29 d 23 h" in home.run("status").stdout


def test_without_a_provider_session_a_sign_in_lasts_as_long_as_its_identity_token(
    home: Home, emulator: Emulator, clock: Clock
) -> None:
    """It goes on while the identity token opens the caller's role, and status tells until when."""
    alice = desk(home, emulator)
    alice.configure(identity='scopes = ["openid", "email"]')
    alice.log_in("analytics")

    reported = alice.status("analytics")
    clock.advance(2 * HOUR)
    later = alice.status("analytics")

    assert (reported["provider"], reported["sign_in"]["needed"], reported["sign_in"]["at"] is None) == (
        None,
        False,
        False,
    )
    assert later["sign_in"]["needed"]
    assert alice.refused("get", "analytics").code == 3
