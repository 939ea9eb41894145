"""Device codes: what is shown, how often the provider is asked, and how it ends."""

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
    found = discover(provider.issuer, client=client, timeout_s=10)
    return device.begin(found, client, timeout_s=10, scope="openid")


def poll(provider: FakeProvider, code: DeviceCode, clock: Clock, *outcomes: Reply, timeout_s: float = 3600) -> Any:
    replies = iter(outcomes)
    usual = provider.respond(Request("/token", {}, {}))
    provider.replies["/token"] = lambda _: next(replies, usual)
    client = Client(CLIENT)
    found = discover(provider.issuer, client=client, timeout_s=10)
    return device.poll(found, client, code, timeout_s=timeout_s, clock=clock, sleep=clock.sleep)


PENDING = answer({"error": "authorization_pending"}, 400)
SLOWER = answer({"error": "slow_down"}, 400)


def test_code(provider: FakeProvider) -> None:
    """What the person needs is there, and what only we need is not shown."""
    code = begin(provider)
    assert (code.user_code, code.url, code.lifetime_s) == ("WDJB-MJHT", provider.issuer + "/activate", 600)
    assert "a-device-code" not in repr(code)
    assert provider.asked("/device")[0].values == {"client_id": CLIENT, "scope": "openid"}


def test_confidential_client(provider: FakeProvider) -> None:
    """A client with a secret proves itself here as at the token endpoint."""
    provider.replies["/device"] = lambda _: answer(authorized(provider))
    client = Client(CLIENT, "secret")
    device.begin(discover(provider.issuer, client=client, timeout_s=10), client, timeout_s=10)
    assert provider.asked("/device")[0].headers["Authorization"] == "Basic bmF0aXZlOnNlY3JldA=="


def test_intervals(provider: FakeProvider) -> None:
    """Asked at the provider's interval, five seconds later from each slow_down on."""
    clock = Clock()
    granted = poll(provider, begin(provider), clock, PENDING, SLOWER, PENDING, SLOWER, PENDING)
    assert granted.refresh_token == "a-refresh-token"
    assert clock.slept == [5, 5, 10, 10, 15, 15]
    assert {request.values.get("device_code") for request in provider.asked("/token")[1:]} == {"a-device-code"}


def test_trouble_on_the_way(provider: FakeProvider) -> None:
    """A provider that does not answer is asked half as often, and no sign-in is lost by it."""
    clock = Clock()
    broken = Reply(503, {}, b"")
    assert poll(provider, begin(provider), clock, broken, broken, PENDING)
    assert clock.slept == [5, 10, 20, 20]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("access_denied", Refused, "the sign-in was declined: access_denied"),
        ("expired_token", SignInNeeded, "expired_token"),
        ("invalid_grant", Refused, "invalid_grant"),
    ],
)
def test_endings(provider: FakeProvider, error: str, kind: type[Exception], words: str) -> None:
    """Whoever declines, or takes too long, is told so; nobody is asked again."""
    clock = Clock()
    with pytest.raises(kind, match=words):
        poll(provider, begin(provider), clock, PENDING, answer({"error": error}, 400))
    assert clock.slept == [5, 5]


@pytest.mark.parametrize(("lifetime_s", "timeout_s"), [(600, 60), (60, 600)])
def test_nobody_comes(provider: FakeProvider, lifetime_s: int, timeout_s: float) -> None:
    """It ends with the code's time or ours, whichever is over first."""
    clock = Clock()
    with pytest.raises(SignInNeeded, match="nobody entered the code in time"):
        poll(provider, begin(provider, expires_in=lifetime_s), clock, *[PENDING] * 200, timeout_s=timeout_s)
    assert 50 <= clock.time <= 60


@pytest.mark.parametrize("interval", [None, 0, -1, "x", 10**9, 2.5, True, "5"])
def test_odd_intervals(provider: FakeProvider, interval: object) -> None:
    """An interval that cannot be meant is the usual one."""
    assert begin(provider, interval=interval).interval_s == 5


def test_older_name(provider: FakeProvider) -> None:
    """Providers from before the standard say url; where there is no complete address, that one is for the camera."""
    code = begin(
        provider, verification_uri=None, verification_url=provider.issuer + "/x", verification_uri_complete=None
    )
    assert (code.url, code.complete_url) == (provider.issuer + "/x", provider.issuer + "/x")


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": 5},
        {"verification_uri": "http://login.example.com/activate"},
        {"verification_uri": "https://login.example.com/\x1b[2J"},
        {"verification_uri_complete": "javascript:alert(1)"},
        {"verification_uri_complete": 5},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": None},
    ],
)
def test_nonsense(provider: FakeProvider, changes: dict[str, Any]) -> None:
    """An answer that cannot be shown to a person is refused."""
    with pytest.raises(Refused, match="makes no sense"):
        begin(provider, **changes)


def test_steering_code(provider: FakeProvider) -> None:
    """A code that would steer the terminal is shown as what it is."""
    assert begin(provider, user_code="A\x1b[2JB").user_code == "A\\x1b[2JB"


def test_refused_client(provider: FakeProvider) -> None:
    """A client that may not use device codes hears what to mend; a provider without them is named."""
    provider.replies["/device"] = lambda _: answer({"error": "unauthorized_client"}, 400)
    client = Client(CLIENT)
    found = discover(provider.issuer, client=client, timeout_s=10)
    with pytest.raises(Refused) as caught:
        device.begin(found, client, timeout_s=10)
    assert caught.value.hint == "allow the client this way to sign in at the identity provider"
    provider.document["device_authorization_endpoint"] = None
    with pytest.raises(Refused, match="offers no device authorization endpoint"):
        device.begin(discover(provider.issuer, client=client, timeout_s=10), client, timeout_s=10)
