"""Device codes: the code that is shown, the interval of polling, and its end."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.provider import CLIENT, FakeProvider, Reply, Request, answer

from oidc_helper.errors import Refused, SignInNeeded
from oidc_helper.oidc import device
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.device import DeviceCode
from oidc_helper.oidc.provider import discover


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    time: float = 0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def authorized(provider: FakeProvider, **changes: Any) -> dict[str, Any]:
    whole = {
        "device_code": "a-device-code",
        "user_code": "WDJB-MJHT",
        "verification_uri": provider.issuer + "/activate",
        "verification_uri_complete": provider.issuer + "/activate?user_code=WDJB-MJHT",
        "expires_in": 600,
        "interval": 5,
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def begin(provider: FakeProvider, **changes: Any) -> DeviceCode:
    provider.replies["/device"] = lambda _: answer(authorized(provider, **changes))
    client = Client(CLIENT)
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    return device.begin(discovered, client, timeout_s=10, scope="openid")


def poll(provider: FakeProvider, code: DeviceCode, clock: Clock, *outcomes: Reply, timeout_s: float = 3600) -> Any:
    replies = iter(outcomes)
    usual = provider.respond(Request("/token", {}, {}))
    provider.replies["/token"] = lambda _: next(replies, usual)
    client = Client(CLIENT)
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    return device.poll(discovered, client, code, timeout_s=timeout_s, clock=clock, sleep=clock.sleep)


PENDING = answer({"error": "authorization_pending"}, 400)
SLOWER = answer({"error": "slow_down"}, 400)


def test_a_device_code_has_all_that_the_person_needs(provider: FakeProvider) -> None:
    """The secret part of it is not shown."""
    code = begin(provider)

    assert (code.user_code, code.url, code.lifetime_s) == ("WDJB-MJHT", provider.issuer + "/activate", 600)
    assert "a-device-code" not in repr(code)
    assert provider.asked("/device")[0].values == {"client_id": CLIENT, "scope": "openid"}


def test_a_confidential_client_proves_itself_for_a_device_code_too(provider: FakeProvider) -> None:
    provider.replies["/device"] = lambda _: answer(authorized(provider))
    client = Client(CLIENT, "secret")
    device.begin(discover(provider.issuer, client=client, timeout_s=10), client, timeout_s=10)

    assert provider.asked("/device")[0].headers["Authorization"] == "Basic bmF0aXZlOnNlY3JldA=="


def test_each_slow_down_adds_five_seconds_to_the_interval(provider: FakeProvider) -> None:
    """It begins as the provider asks."""
    clock = Clock()
    granted = poll(provider, begin(provider), clock, PENDING, SLOWER, PENDING, SLOWER, PENDING)

    assert granted.refresh_token == "a-refresh-token"
    assert clock.slept == [5, 5, 10, 10, 15, 15]
    assert {request.values.get("device_code") for request in provider.asked("/token")[1:]} == {"a-device-code"}


def test_a_silent_provider_is_polled_half_as_often(provider: FakeProvider) -> None:
    """The sign-in goes on."""
    clock = Clock()
    broken = Reply(503, {}, b"")

    granted = poll(provider, begin(provider), clock, broken, broken, PENDING)

    assert granted.refresh_token == "a-refresh-token"
    assert clock.slept == [5, 10, 20, 20]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("access_denied", Refused, "the sign-in was declined: access_denied"),
        ("expired_token", SignInNeeded, "expired_token"),
        ("invalid_grant", Refused, "invalid_grant"),
    ],
)
def test_a_refusal_or_an_expired_code_ends_the_polling(
    provider: FakeProvider, error: str, kind: type[Exception], words: str
) -> None:
    clock = Clock()
    with pytest.raises(kind, match=words):
        poll(provider, begin(provider), clock, PENDING, answer({"error": error}, 400))

    assert clock.slept == [5, 5]


@pytest.mark.parametrize(("lifetime_s", "timeout_s"), [(600, 60), (60, 600)])
def test_polling_ends_with_the_code_s_lifetime_or_our_deadline(
    provider: FakeProvider, lifetime_s: int, timeout_s: float
) -> None:
    """Whichever is over first."""
    clock = Clock()
    with pytest.raises(SignInNeeded, match="nobody entered the code in time"):
        poll(provider, begin(provider, expires_in=lifetime_s), clock, *[PENDING] * 200, timeout_s=timeout_s)

    assert 50 <= clock.time <= 60


@pytest.mark.parametrize("interval", [None, 0, -1, "x", 10**9, True, "5", float("nan"), [5], "1e400"])
def test_an_absurd_interval_is_replaced_by_the_usual_one(provider: FakeProvider, interval: object) -> None:
    assert begin(provider, interval=interval).interval_s == 5


@pytest.mark.parametrize("interval", [7, 7.0, "7", "7.0", 6.5])
def test_an_interval_is_a_number_in_any_form(provider: FakeProvider, interval: object) -> None:
    """Polling is never more frequent than asked."""
    assert begin(provider, interval=interval).interval_s == 7


@pytest.mark.parametrize("lifetime", [600.0, 599.5, "600", "600.0"])
def test_a_lifetime_is_a_number_in_any_form(provider: FakeProvider, lifetime: object) -> None:
    assert begin(provider, expires_in=lifetime).lifetime_s == 600


@pytest.mark.parametrize("code", [12345678, "12345678"])
def test_a_code_may_be_a_number(provider: FakeProvider, code: object) -> None:
    assert begin(provider, user_code=code).user_code == "12345678"


def test_a_page_for_people_may_have_a_fragment(provider: FakeProvider) -> None:
    """As pages that are one program have; no secret goes there."""
    page = provider.issuer + "/#/activate"
    code = begin(provider, verification_uri=page, verification_uri_complete=page + "?code=WDJB-MJHT")

    assert (code.url, code.complete_url) == (page, page + "?code=WDJB-MJHT")


@pytest.mark.parametrize(
    "complete",
    ["javascript:alert(1)", "http://login.example.com/x", "https://x/\x1b[2J", "", 5, "https://x/" + "y" * 3000],
)
def test_a_bad_complete_address_is_replaced_by_the_plain_one(provider: FakeProvider, complete: object) -> None:
    """The person needs the plain one only."""
    code = begin(provider, verification_uri_complete=complete)

    assert code.complete_url == code.url == provider.issuer + "/activate"


@pytest.mark.parametrize(
    "page",
    [
        "http://login.example.com/activate",
        "https://login.example.com/\x1b[2J",
        "https://login.example.com/#\x1b[2J",
        "https://login.example.com/" + "x" * 500_000,
    ],
)
def test_a_page_that_nobody_should_open_is_refused(provider: FakeProvider, page: str) -> None:
    """The message shows its beginning."""
    with pytest.raises(Refused, match="as the page for the code, which is not an https address") as caught:
        begin(provider, verification_uri=page, verification_uri_complete=None)

    assert len(caught.value.message) < 500


def test_the_older_name_of_the_address_is_understood(provider: FakeProvider) -> None:
    """The camera gets it too, where there is no complete address."""
    code = begin(
        provider, verification_uri=None, verification_url=provider.issuer + "/x", verification_uri_complete=None
    )

    assert (code.url, code.complete_url) == (provider.issuer + "/x", provider.issuer + "/x")


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": True},
        {"user_code": ["5"]},
        {"verification_uri": 5},
        {"verification_uri": ""},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": None},
    ],
)
def test_an_answer_that_cannot_be_shown_is_refused(provider: FakeProvider, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="makes no sense"):
        begin(provider, **changes)


def test_a_code_that_would_steer_the_terminal_is_escaped(provider: FakeProvider) -> None:
    assert begin(provider, user_code="A\x1b[2JB").user_code == "A\\x1b[2JB"


def test_a_client_without_device_codes_is_told_its_remedy(provider: FakeProvider) -> None:
    """A provider without them is named."""
    provider.replies["/device"] = lambda _: answer({"error": "unauthorized_client"}, 400)
    client = Client(CLIENT)
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    with pytest.raises(Refused) as caught:
        device.begin(discovered, client, timeout_s=10)
    assert caught.value.hint == "allow the client this way to sign in at the identity provider"

    provider.document["device_authorization_endpoint"] = None
    with pytest.raises(Refused, match="offers no device authorization endpoint"):
        device.begin(discover(provider.issuer, client=client, timeout_s=10), client, timeout_s=10)
