"""Signing in with a code that the person enters on another device (RFC 8628)."""

from oidc_helper.oidc import device
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.device import DeviceCode
from oidc_helper.oidc.grants import Granted
from oidc_helper.oidc.provider import Provider
from oidc_helper.person import qr, times
from oidc_helper.person.person import Person
from oidc_helper.person.terminal import Terminal


def sign_in(
    provider: Provider, client: Client, person: Person, *, place: str, timeout_s: float, **parameters: str
) -> Granted:
    """Show the code and wait until a person has entered it; `place` names the provider. Raises OidcHelperError."""
    code = device.begin(provider, client, timeout_s=timeout_s, **parameters)
    limit_s = min(code.lifetime_s, timeout_s)
    person.terminal.show(*_instructions(code, place, limit_s), *_qr_code(code, person.terminal))
    with person.terminal.waiting(f"waiting for {provider.host}"):
        return device.poll(provider, client, code, timeout_s=timeout_s, clock=person.clock, sleep=person.sleep)


def _instructions(code: DeviceCode, place: str, limit_s: float) -> list[str]:
    """The instructions, with the warning that RFC 8628 section 5.4 asks for.

    The limit may be shorter than the code's lifetime: a program that asks for credentials does not wait that long.
    """
    return [
        f"oidc-helper: to sign in at {place}, open this address on any device",
        f"  {code.url}",
        "and enter this code",
        f"  {code.user_code}",
        f"within {times.at_most(limit_s)}",
        "enter a code only for a sign-in that you began yourself: anyone who sends you one signs in as you",
    ]


def _qr_code(code: DeviceCode, terminal: Terminal) -> list[str]:
    """The address for a phone's camera; nothing if the terminal cannot show it."""
    return qr.drawn(code.complete_url, terminal.columns) if terminal.draws_blocks else []
