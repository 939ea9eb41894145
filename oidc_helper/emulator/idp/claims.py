"""Identity tokens and their claims."""

from typing import Any

from oidc_helper.emulator.directory import Person
from oidc_helper.emulator.keys import Claims, opaque
from oidc_helper.emulator.state import State


def identity_claims(state: State, person: Person, audience: str, lifetime_s: float | None = None) -> Claims:
    """The provider's claims about a person, issued now; times are whole seconds."""
    provider, now = state.directory.identity_provider, int(state.clock())
    return {
        "iss": provider.issuer,
        "sub": person.subject,
        "aud": audience,
        "exp": int(now + (provider.token_lifetime_s if lifetime_s is None else lifetime_s)),
        "iat": now,
        "auth_time": now,
        "jti": opaque(22),
        "email": person.email,
        "email_verified": True,
        "name": person.name,
    }


def identity_token(state: State, person: Person, audience: str, **overrides: Any) -> str:
    """A signed identity token; an override of None leaves the claim out."""
    claims = {**identity_claims(state, person, audience), **overrides}
    return state.keys.sign({name: value for name, value in claims.items() if value is not None})
