"""Device authorization: a person enters a code elsewhere, and we poll the provider until then (RFC 8628)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.errors import Refused, SignInNeeded, TryAgain
from oidc_helper.oidc import answers, grants
from oidc_helper.oidc.connection import Client, nonsense
from oidc_helper.oidc.grants import Granted
from oidc_helper.oidc.provider import Provider, is_safe_to_open
from oidc_helper.oidc.refusals import refusal
from oidc_helper.words import printable

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S, _LONGEST_INTERVAL_S = 5, 60  # the first if the provider names no interval, or one beyond the second
_LONGEST_S = 3600  # the longest wait for a code, whatever its lifetime
_WAIT_LONGER_S = {"authorization_pending": 0, "slow_down": 5}


@dataclass(frozen=True)
class DeviceCode:
    """The code and addresses to show, and the secret to poll with; `complete_url` includes the code if possible."""

    secret: str = field(repr=False)
    user_code: str
    url: str
    complete_url: str
    lifetime_s: int
    interval_s: int


def begin(provider: Provider, client: Client, *, timeout_s: float, **parameters: str) -> DeviceCode:
    """Ask for a code. Raises Refused, TryAgain."""
    url = provider.endpoint("device_authorization_endpoint")
    try:
        return _checked(provider, answers.accepted(grants.post(provider, client, url, parameters, timeout_s)))
    except OAuthError as error:
        raise refusal(provider.host, error.error, error.description) from None


def poll(  # noqa: PLR0913 - the code, the provider, the time and the clock
    provider: Provider,
    client: Client,
    device: DeviceCode,
    *,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Granted:
    """Poll until the person decides, no more often than the provider allows. Raises SignInNeeded, Refused, TryAgain.

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
    """The answer of section 3.2; some providers write `url` for `uri`, numbers as text, or text as numbers."""
    url = answer.get("verification_uri") or answer.get("verification_url")
    secret, user_code = answer.get("device_code"), answer.get("user_code")
    if isinstance(user_code, int) and not isinstance(user_code, bool):
        user_code = str(user_code)
    lifetime_s, interval_s = (grants.seconds(answer.get(name)) for name in ("expires_in", "interval"))
    texts = (secret, user_code, url)
    if not all(isinstance(text, str) and text for text in texts) or not lifetime_s:
        raise nonsense(provider.host, provider.issuer)
    redaction.learn(secret)
    if not is_safe_to_open(str(url), provider.issuer):
        raise Refused(
            f"{provider.host} names {printable(str(url))!r} as the page for the code, which is not an https address",
            "tell the administrators of the identity provider",
        )
    complete_url = answer.get("verification_uri_complete")
    if not isinstance(complete_url, str) or not is_safe_to_open(complete_url, provider.issuer):
        complete_url = url
    return DeviceCode(
        secret=str(secret),
        user_code=printable(str(user_code)),
        url=str(url),
        complete_url=str(complete_url),
        lifetime_s=min(lifetime_s, _LONGEST_S),
        interval_s=interval_s if 0 < interval_s <= _LONGEST_INTERVAL_S else _INTERVAL_S,
    )
