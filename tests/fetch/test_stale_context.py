"""An identity context that STS no longer takes: new tokens are got, once each way, before a person is asked."""

import pytest
from cli.transcript import answer, complaint
from homes import Home, file_config

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("forks")

ALICE = "alice@example.com"
EXCHANGE, ASSUME = "CreateTokenWithIAM", "AssumeRole"
STALE = {"error": "InvalidContextAssertion", "status": 400}


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """A home whose contexts live for half an hour, the tokens and credentials for an hour."""
    emulator.directory.application.context_lifetime_s = 1_800
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))
    answer(home.run("get", "analytics"))
    emulator.advance(1_801)
    return home


def grants(emulator: Emulator) -> list[str]:
    """The grants that were asked for, in order."""
    return [request.parameters["grantType"] for request in emulator.requests if request.operation == EXCHANGE]


def test_a_context_that_has_expired_is_refreshed(ready: Home, emulator: Emulator) -> None:
    """The access token would still be good, but its context is not."""
    answer(ready.run("get", "analytics", "--refresh"))

    assert [grant.rpartition(":")[2] for grant in grants(emulator)] == ["jwt-bearer", "refresh_token"]
    assert emulator.count(ASSUME, ok=False) == 1
    assert emulator.count(ASSUME, ok=True) == 2


def test_a_refreshed_context_that_is_stale_too_leads_to_a_new_proof(ready: Home, emulator: Emulator) -> None:
    """AWS does not say whether a refresh gives a new context."""
    emulator.directory.application.fresh_context_on_refresh = False
    ready.write_token(emulator.mint(ALICE))

    answer(ready.run("get", "analytics", "--refresh"))

    assert [grant.rpartition(":")[2] for grant in grants(emulator)] == ["jwt-bearer", "refresh_token", "jwt-bearer"]


def test_contexts_that_are_never_taken_end_with_the_reason(ready: Home, emulator: Emulator) -> None:
    """Each step is taken once, and then the person learns what to do; no loop, and nothing spent twice."""
    emulator.fault(ASSUME, times=9, **STALE)
    ready.write_token(emulator.mint(ALICE))

    told = complaint(ready.run("get", "analytics", "--refresh"))

    assert "InvalidContextAssertion" in told.message
    assert [grant.rpartition(":")[2] for grant in grants(emulator)] == ["jwt-bearer", "refresh_token", "jwt-bearer"]
    assert (told.code, "oidc-helper login" in told.hint) == (5, True)


def test_a_permission_set_needs_no_context(ready: Home, emulator: Emulator) -> None:
    """The portal takes the access token, which is good for as long as it says."""
    answer(ready.run("get", "dev-admin"))

    assert emulator.count(EXCHANGE) == 1
