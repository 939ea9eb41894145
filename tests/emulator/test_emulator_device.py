"""The identity provider's device authorization (RFC 8628)."""

import pytest
from emulator.browsing import Page, send

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import DEVICE_CODE


def test_a_device_gets_its_tokens_after_the_person_has_agreed(emulator: Emulator) -> None:
    """On the page that the complete URI opens."""
    started = _start(emulator).json

    assert (started["expires_in"], started["interval"]) == (600, 5)
    assert _poll(emulator, started).json == {"error": "authorization_pending"}

    page = send(started["verification_uri_complete"])

    assert started["user_code"] in page.text

    _decide(emulator, page, "approve")
    emulator.advance(6)
    answer = _poll(emulator, started)

    assert answer.status == 200
    assert {"access_token", "id_token", "refresh_token"} <= set(answer.json)


def test_a_code_can_be_typed_in_any_form(emulator: Emulator) -> None:
    """Lower case, without the hyphen, on the page that asks for it."""
    started = _start(emulator).json

    assert 'name="user_code"' in send(started["verification_uri"]).text

    typed = started["user_code"].replace("-", "").lower()

    assert started["user_code"] in send(f"{started['verification_uri']}?user_code={typed}").text


def test_polling_too_fast_makes_the_interval_longer(emulator: Emulator) -> None:
    """By five seconds each time."""
    started = _start(emulator).json

    assert _poll(emulator, started).json["error"] == "authorization_pending"
    assert _poll(emulator, started).json["error"] == "slow_down"

    emulator.advance(6)

    assert _poll(emulator, started).json["error"] == "slow_down"

    emulator.advance(16)

    assert _poll(emulator, started).json["error"] == "authorization_pending"


def test_a_denial_reaches_the_device(emulator: Emulator) -> None:
    """The page cannot be answered a second time."""
    started = _start(emulator).json
    page = send(started["verification_uri_complete"])

    assert _decide(emulator, page, "deny").status == 200
    assert _poll(emulator, started).json["error"] == "access_denied"
    assert _decide(emulator, page, "approve").status == 400


def test_a_device_code_expires(emulator: Emulator) -> None:
    """For the device and for the person."""
    started = _start(emulator).json
    emulator.advance(601)

    assert _poll(emulator, started).json["error"] == "expired_token"
    assert send(started["verification_uri_complete"]).status == 400


def test_a_device_code_works_once(emulator: Emulator) -> None:
    """A test can decide without a page."""
    started = _start(emulator).json
    emulator.decide(started["user_code"], "bob@example.com")

    assert _poll(emulator, started).status == 200
    assert _poll(emulator, started).json["error"] == "invalid_grant"


def test_a_test_can_deny_and_approve_beforehand(emulator: Emulator) -> None:
    """`decide` with None denies, and `auto_approve` needs no person at all."""
    started = _start(emulator).json
    emulator.decide(started["user_code"], None)

    assert _poll(emulator, started).json["error"] == "access_denied"

    emulator.directory.identity_provider.auto_approve = True

    assert _poll(emulator, _start(emulator).json).status == 200


@pytest.mark.parametrize(
    ("change", "error"), [({"scope": "admin"}, "invalid_scope"), ({"client_id": "unknown"}, "invalid_client")], ids=str
)
def test_a_wrong_start_is_refused(emulator: Emulator, change: dict[str, str], error: str) -> None:
    """With an error code of OAuth."""
    assert _start(emulator, **change).json["error"] == error


def _start(emulator: Emulator, **change: str) -> Page:
    form = {"client_id": emulator.client_id, "scope": "openid email offline_access", **change}
    return send(emulator.issuer + "/device_authorization", form)


def _poll(emulator: Emulator, started: dict[str, str]) -> Page:
    form = {"grant_type": DEVICE_CODE, "device_code": started["device_code"], "client_id": emulator.client_id}
    return send(emulator.issuer + "/token", form)


def _decide(emulator: Emulator, page: Page, decision: str) -> Page:
    return send(emulator.issuer + "/device", {**page.hidden, "user": "alice@example.com", "decision": decision})
