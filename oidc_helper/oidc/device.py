"""Device authorization: a person enters a code elsewhere, and the provider is polled until then (RFC 8628)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.errors import SignInNeeded, TryAgain
from oidc_helper.oidc import grants
from oidc_helper.oidc.connection import Client, call, nonsense
from oidc_helper.oidc.grants import Granted
from oidc_helper.oidc.provider import Provider, is_safe
from oidc_helper.oidc.refusals import refusal
from oidc_helper.words import printable

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S, _LONGEST_INTERVAL_S = 5, 60  # where the provider names none, or an absurd one
_LONGEST_S = 3600  # no code is waited for longer, whatever its lifetime
_WAIT_LONGER_S = {"authorization_pending": 0, "slow_down": 5}


@dataclass(frozen=True)
class DeviceCode:
    """The code and addresses to show, and the secret to poll with; `complete_url` includes the code where it can."""

    secret: str = field(repr=False)
    user_code: str
    url: str
    complete_url: str
    lifetime_s: int
    interval_s: int


def begin(provider: Provider, client: Client, *, timeout_s: float, **parameters: str) -> DeviceCode:
    """Ask for a code. Raises Refused, TryAgain."""
    url = provider.endpoint("device_authorization_endpoint")
    authentication = provider.authentication_of(client)

    def send(session: Any) -> Any:
        answer = session.request(
            "POST",
            url,
            data=parameters,
            headers={"Accept": "application/json"},
            auth=session.client_auth(authentication),
        )
        return answer.json()

    answer = call(url, send, client=client, timeout_s=timeout_s, authentication=authentication)
    if not isinstance(answer, dict):
        raise nonsense(provider.host)
    if isinstance(answer.get("error"), str):
        raise refusal(provider.host, answer["error"], answer.get("error_description"))
    return _checked(provider, answer)


def poll(  # noqa: PLR0913 - the code, the provider, the time and the clock
    provider: Provider,
    client: Client,
    device: DeviceCode,
    *,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Granted:
    """Ask until the person has decided, no more often than the provider allows. Raises SignInNeeded, Refused, TryAgain.

    `clock` and `sleep` are in seconds.
    """
    ends = clock() + min(timeout_s, device.lifetime_s)
    interval_s: float = device.interval_s
    while (left_s := ends - clock() - interval_s) > 0:
        sleep(interval_s)
        try:
            return grants.ask(provider, client, timeout_s=left_s, grant_type=_GRANT, device_code=device.secret)
        except TryAgain:  # section 3.5: poll less often after a timeout
            interval_s *= 2
        except OAuthError as error:
            if error.error not in _WAIT_LONGER_S:
                raise refusal(provider.host, error.error, error.description) from None
            interval_s += _WAIT_LONGER_S[error.error]
    raise SignInNeeded("nobody entered the code in time")


def _checked(provider: Provider, answer: Mapping[str, Any]) -> DeviceCode:
    """The answer of section 3.2; some providers write `url` for `uri`, and numbers as text."""
    url = answer.get("verification_uri") or answer.get("verification_url")
    secret, user_code = answer.get("device_code"), answer.get("user_code")
    texts = (secret, user_code, url, complete_url := answer.get("verification_uri_complete") or url)
    lifetime_s, interval_s = (grants.seconds(answer.get(name)) for name in ("expires_in", "interval"))
    if (
        not all(isinstance(text, str) and text for text in texts)
        or not all(is_safe(str(address), provider.issuer) for address in (url, complete_url))
        or not lifetime_s
    ):
        raise nonsense(provider.host)
    redaction.learn(secret)
    return DeviceCode(
        secret=str(secret),
        user_code=printable(str(user_code)),
        url=str(url),
        complete_url=str(complete_url),
        lifetime_s=min(lifetime_s, _LONGEST_S),
        interval_s=interval_s if 0 < interval_s <= _LONGEST_INTERVAL_S else _INTERVAL_S,
    )
