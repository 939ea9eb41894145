"""Device authorization (RFC 8628): the device's request, the person's page, and polling."""

import secrets

from oidc_helper.emulator.calls import Answer, Call, Refusal
from oidc_helper.emulator.directory import Client
from oidc_helper.emulator.idp.clients import answer, authenticated
from oidc_helper.emulator.keys import opaque
from oidc_helper.emulator.pages import code_page, decision_page, page
from oidc_helper.emulator.state import Device, State

PATH = "/idp/device"
_TITLE = "Sign in on your device"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words: RFC 8628 section 6.1


def device_authorization(state: State, call: Call) -> Answer:
    """Begin a device authorization (RFC 8628 sections 3.1 and 3.2)."""
    form = call.form()
    client = authenticated(state, call, form)
    provider = state.directory.identity_provider
    scopes = tuple(form.get("scope", "openid").split())
    if not set(scopes) <= set(provider.scopes):
        raise Refusal("invalid_scope")
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    user_code, device_code = f"{letters[:4]}-{letters[4:]}", opaque(43)
    expires_at = state.clock() + provider.device_lifetime_s
    device = Device(client.client_id, scopes, user_code, expires_at, provider.device_interval_s)
    device.email = provider.person().email if provider.auto_approve else None
    state.devices[device_code] = device
    return answer(
        {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": state.url + PATH,
            "verification_uri_complete": f"{state.url}{PATH}?user_code={user_code}",
            "expires_in": provider.device_lifetime_s,
            "interval": provider.device_interval_s,
        }
    )


def poll(state: State, client: Client, device_code: str) -> Device:
    """Redeem an approved device code. Raises Refusal (RFC 8628 section 3.5)."""
    device, now = state.devices.get(device_code), state.clock()
    if device is None or device.spent or device.client_id != client.client_id:
        raise Refusal("invalid_grant", reason="no such device code of this client")
    if device.expires_at <= now:
        raise Refusal("expired_token")
    too_soon, device.polled_at = now < device.polled_at + device.interval_s, now
    if too_soon:
        device.interval_s += 5
        raise Refusal("slow_down")
    if device.denied:
        raise Refusal("access_denied")
    if device.email is None:
        raise Refusal("authorization_pending")
    device.spent = True
    return device


def verification(state: State, call: Call) -> Answer:
    """The page where the person compares the code."""
    user_code = call.query_values().get("user_code")
    if not user_code:
        return code_page(_TITLE, PATH)
    device = pending(state, user_code)
    people = state.directory.identity_provider.people
    return decision_page(
        _TITLE,
        f"Does your device show {device.user_code}? {device.client_id} asks for: {' '.join(device.scopes)}",
        action=PATH,
        hidden={"user_code": device.user_code},
        users=people,
        offered=next(iter(people)),
    )


def decision(state: State, call: Call) -> Answer:
    """The person's decision on that page."""
    form = call.form()
    device = pending(state, form.get("user_code", ""))
    if form.get("decision") != "approve":
        device.denied = True
        return page(_TITLE, "Denied. You can close this page.")
    if form.get("user") not in state.directory.identity_provider.people:
        raise Refusal("invalid_request", "there is no such user")
    device.email = form["user"]
    return page(_TITLE, "Done. You can close this page and return to your device.")


def pending(state: State, user_code: str) -> Device:
    """The undecided authorization with that code, typed in any case, with or without the hyphen. Raises Refusal."""
    typed = user_code.upper().replace("-", "").replace(" ", "")
    for device in state.devices.values():
        undecided = device.email is None and not device.denied and device.expires_at > state.clock()
        if undecided and device.user_code.replace("-", "") == typed:
            return device
    raise Refusal("invalid_request", "no device is waiting with this code")


def refuse(refusal: Refusal) -> Answer:
    """Show the error to the person."""
    return page(_TITLE, refusal.message or refusal.code, status=400, error=refusal.code)
