"""Whatever becomes of a sign-in that was kept, `get` names the command that mends it, and `login` asks the person."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cli.sign_ins import ALICE, Desk, desk
from cli.transcript import answer
from homes import Home
from machine.renewal.clock import Clock

from oidc_helper.emulator import Emulator

DAY = 86_400
TOKENS = {"access_token": "x", "token_type": "Bearer", "expires_in": 300}
# What providers were seen to answer a refresh token that will not work until the person has been there.
REFUSALS: dict[str, dict[str, Any]] = {
    "invalid_grant": {"error": "invalid_grant"},
    "Dex and LemonLDAP": {"error": "invalid_request", "message": "Refresh token expired."},
    "Entra ID's sign-in frequency": {"error": "interaction_required"},
    "Auth0": {"error": "mfa_required"},
    "a client that may not refresh": {"error": "unauthorized_client"},
    "a name that nobody knows": {"error": "token_family_gone"},
    "Glewlwyd": {"status": 400},
    "a page": {"body": b"<h1>Blocked</h1>"},
    "no ID token": {"body": json.dumps(TOKENS).encode()},
    "an ID token that is none": {"body": json.dumps(TOKENS | {"id_token": "a.b.c"}).encode()},
    "nonsense": {"body": b"[]"},
}


@pytest.fixture
def alice(home: Home, emulator: Emulator, clock: Clock) -> Desk:
    """A person whose sign-in at Identity Center is over, while the one at the provider goes on."""
    signed_in = desk(home, emulator)
    signed_in.log_in("analytics")
    clock.advance(DAY)
    return signed_in


@pytest.mark.parametrize("seen_at", REFUSALS)
def test_a_refused_renewal_asks_the_person(alice: Desk, seen_at: str) -> None:
    """`get` names the command and the person, and that command opens the browser though the session is still kept."""
    alice.emulator.fault("Token", **REFUSALS[seen_at])
    refusal = alice.refused("get", "analytics")
    assert (refusal.code, refusal.hint.partition("; ")[0]) == (3, "oidc-helper login analytics")
    assert ALICE in refusal.message

    alice.emulator.fault("Token", **REFUSALS[seen_at])
    if seen_at == "invalid_grant":
        alice.emulator.clear_faults()  # `get` has dropped the token, which will not be sent again
    assert alice.log_in("analytics").startswith(f"signed in as {ALICE}")
    assert len(alice.browser.opened) == 2
    answer(alice.home.run("get", "analytics"))


def test_the_same_id_token_again_asks_the_person(alice: Desk) -> None:
    """Identity Center takes it once, for whichever application: neither command sends it again."""
    body = json.dumps(TOKENS | {"id_token": alice.emulator.mint(ALICE)}).encode()
    alice.emulator.fault("Token", status=200, body=body)
    answer(alice.home.run("get", "analytics"))

    exchanges = alice.emulator.count("CreateTokenWithIAM")
    alice.emulator.fault("Token", status=200, body=body)
    refusal = alice.refused("token", "other")
    assert (refusal.code, refusal.hint) == (3, "oidc-helper login other")
    assert refusal.message == f"the identity token of {ALICE} was sent before, and each counts only once"
    assert alice.emulator.count("CreateTokenWithIAM") == exchanges

    alice.emulator.fault("Token", status=200, body=body)
    assert alice.log_in("other").startswith(f"signed in as {ALICE}")
    assert len(alice.browser.opened) == 2


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"cut": "before"}, {"error": "server_error"}])
def test_a_provider_in_trouble_keeps_nobody_from_signing_in(alice: Desk, fault: dict[str, Any]) -> None:
    """For `get` it is trouble that may pass; a person who has come to sign in is asked."""
    alice.emulator.fault("Token", **fault)
    assert alice.refused("get", "analytics").code == 4

    alice.emulator.fault("Token", **fault)
    assert alice.log_in("analytics").startswith(f"signed in as {ALICE}")
    assert len(alice.browser.opened) == 2


REFUSED_BY_AWS: dict[str, Callable[[Emulator], object]] = {
    "the refresh token": lambda emulator: emulator.fault("CreateTokenWithIAM", error="InvalidRequestException"),
    "the renewed identity token": lambda emulator: emulator.fault(
        "CreateTokenWithIAM", error="InvalidGrantException", times=2
    ),
    "the caller's role": lambda emulator: emulator.fault("AssumeRoleWithWebIdentity", error="InvalidIdentityToken"),
}


@pytest.mark.parametrize("what", REFUSED_BY_AWS)
def test_what_aws_refuses_of_the_last_sign_in_asks_the_person(alice: Desk, what: str) -> None:
    """The terminal says what did not work."""
    REFUSED_BY_AWS[what](alice.emulator)
    done = alice.home.run("login", "analytics")

    assert (done.returncode, done.stdout.startswith(f"signed in as {ALICE}")) == (0, True)
    assert "oidc-helper: the last sign-in no longer works: " in done.stderr
    assert len(alice.browser.opened) == 2


def test_a_first_sign_in_that_is_refused_speaks_of_no_last_one(home: Home, emulator: Emulator) -> None:
    """Seen: with a wrong client_id, nothing was kept, and yet it no longer worked."""
    first = desk(home, emulator)
    home.configure(home.config.read_text().replace(emulator.client_id, "nobody"))
    refused = first.refused("login", "--device", "analytics")

    assert (refused.code, refused.message.endswith(" refused: invalid_client")) == (5, True)


def test_aws_in_trouble_troubles_no_person(alice: Desk) -> None:
    """Signing in again would not help."""
    alice.emulator.fault("CreateTokenWithIAM", status=503, times=None)
    done = alice.home.run("login", "analytics")

    assert (done.returncode, len(alice.browser.opened)) == (4, 1)
