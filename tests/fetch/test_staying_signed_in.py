"""Staying signed in: which token is used next, how long it goes on without a person, and what ends it."""

import pytest
from cli.sign_ins import ALICE, Desk, desk
from cli.transcript import answer
from homes import Home
from machine.renewal.clock import Clock, installed

from oidc_helper.emulator import Emulator

HOUR, DAY = 3_600, 86_400
RENEWED = ["Discovery", "Token refresh_token", "Keys", "AssumeRoleWithWebIdentity"]  # at the provider, and the caller
REFRESHED = "CreateTokenWithIAM refresh_token"
EXCHANGED = "CreateTokenWithIAM urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def clock(home: Home, emulator: Emulator) -> Clock:
    return installed(home, emulator)


@pytest.fixture
def alice(home: Home, emulator: Emulator, clock: Clock) -> Desk:
    """A person who is signed in."""
    its = desk(home, emulator)
    its.log_in("analytics")
    return its


def asked_meanwhile(its: Desk, profile: str = "analytics") -> list[str]:
    """What it takes to get credentials: operations, with their grants."""
    before = len(its.emulator.requests)
    answer(its.home.run("get", profile))
    words = (
        (one.operation, one.parameters.get("grantType") or one.parameters.get("grant_type"))
        for one in its.emulator.requests[before:]
    )
    return [" ".join(filter(None, pair)) for pair in words]


def test_a_refresh_token_of_each_in_the_order_of_the_design(alice: Desk, clock: Clock) -> None:
    """The access token, then Identity Center's refresh token, then the provider's with a new exchange."""
    assert asked_meanwhile(alice, "dev-admin") == ["GetRoleCredentials"]
    clock.advance(2 * HOUR)
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, "AssumeRole"]
    clock.advance(12 * HOUR)
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, EXCHANGED, "AssumeRole"]
    assert len(alice.browser.opened) == 1


def test_a_month_without_a_person(alice: Desk, clock: Clock) -> None:
    """Rotated refresh tokens are kept each time: none is used twice, which would end the session."""
    for _ in range(4):
        clock.advance(7 * DAY)
        assert EXCHANGED in asked_meanwhile(alice)
    assert len(alice.browser.opened) == 1


def test_the_end_of_the_provider_s_session(alice: Desk, clock: Clock) -> None:
    """It is said that it is over, with the command to type; after that all is as at first."""
    clock.advance(31 * DAY)

    over = alice.refused("get", "analytics")

    assert (over.code, over.hint) == (3, "oidc-helper login analytics")
    assert over.message.startswith("the session at 127.0.0.1")
    assert alice.status("analytics")["sign_in"]["needed"]
    again = alice.refused("get", "analytics")
    assert again.message == "nobody is signed in as corp"
    assert alice.log_in("analytics").startswith(f"signed in as {ALICE}")


def test_a_rotated_refresh_token_that_died_on_its_way(alice: Desk, clock: Clock) -> None:
    """Only the provider knows the new one: it may be tried again, and then a person is asked for."""
    clock.advance(2 * HOUR)
    alice.emulator.fault("Token", cut="after")

    lost, over = alice.refused("get", "analytics"), alice.refused("get", "analytics")

    assert (lost.code, over.code, over.hint) == (4, 3, "oidc-helper login analytics")


def test_trouble_at_the_provider_ends_nothing(alice: Desk, clock: Clock) -> None:
    """A refresh token is not lost over an answer that may pass."""
    clock.advance(2 * HOUR)
    alice.emulator.fault("Token", status=503)

    assert alice.refused("get", "analytics").code == 4
    assert asked_meanwhile(alice) == [*RENEWED, REFRESHED, "AssumeRole"]


def test_a_provider_that_tells_how_long(home: Home, emulator: Emulator) -> None:
    """Then status knows when a person is next needed."""
    emulator.directory.identity_provider.tells_refresh_lifetime = True
    its = desk(home, emulator)
    its.log_in("analytics")

    told = its.status("analytics")

    assert told["sign_in"]["at"] == told["provider"]["refresh_token_expires_at"] is not None
    assert "in 29 d 23 h" in home.run("status").stdout


def test_without_a_refresh_token_of_the_provider(home: Home, emulator: Emulator, clock: Clock) -> None:
    """It goes on while the identity token opens the caller's role, and status tells until when."""
    its = desk(home, emulator)
    its.configure(identity='scopes = ["openid", "email"]')
    its.log_in("analytics")

    told = its.status("analytics")
    clock.advance(2 * HOUR)
    later = its.status("analytics")

    assert (told["provider"], told["sign_in"]["needed"], told["sign_in"]["at"] is None) == (None, False, False)
    assert later["sign_in"]["needed"]
    assert its.refused("get", "analytics").code == 3
