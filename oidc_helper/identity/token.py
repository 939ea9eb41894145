"""The identity token: its unverified claims, and the faults that can be seen before it is sent.

Identity Center and STS verify its signature; nothing here decides whether a claim is true.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oidc_helper.errors import SignInNeeded
from oidc_helper.machine.clock import instant
from oidc_helper.words import printable

_LARGEST = 65_536  # characters; real tokens stay below 16 KiB, since web servers refuse longer headers


@dataclass(frozen=True)
class IdentityToken:
    """A JWT as an identity provider issued it. `expires_at` is in epoch seconds."""

    raw: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    algorithm: str
    expires_at: int

    @property
    def user(self) -> str:
        """The user's name, in the form that people know best."""
        names = (self.claims.get(claim) for claim in ("email", "preferred_username", "upn", "sub"))
        return next((name for name in names if isinstance(name, str) and name), "")

    @property
    def subject(self) -> str:
        """The user's permanent identifier: `sub` is unique within the issuer (OpenID Connect Core, section 2)."""
        return f"{self.issuer} {self.claims.get('sub', '')}"

    @property
    def issuer(self) -> str:
        """The issuer that the token claims."""
        return str(self.claims.get("iss") or "")

    @property
    def single_use_id(self) -> str:
        """The `jti`, by which Identity Center tells an issuer's tokens apart; a digest if the token has none."""
        jti = self.claims.get("jti")
        return jti if isinstance(jti, str) and jti else hashlib.sha256(self.raw.encode()).hexdigest()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Faults that Identity Center will probably refuse; we send the token all the same, as the rules may change."""
        missing = tuple(f"has no {claim}" for claim in ("jti", "aud", "iss") if not self.claims.get(claim))
        signed = () if self.algorithm == "RS256" else (f"is signed with {printable(self.algorithm)}, not RS256",)
        return missing + signed

    def described(self) -> str:
        """The issuer and audience, which Identity Center compares with its settings, for a message."""
        return f"iss {printable(self.issuer)!r}, aud {printable(str(self.claims.get('aud')))!r}"


def parse(raw: str, *, now: float, where: str) -> IdentityToken:
    """Read a signed JWT that has not expired; `where` names its source in messages.

    Raises SignInNeeded. Shape after RFC 7519, section 7.2, and RFC 7515, section 3.1.
    """
    raw = raw.strip()
    if not raw:
        raise SignInNeeded(f"{where} is empty")
    if len(raw) > _LARGEST:
        raise SignInNeeded(f"{where} holds more than {_LARGEST} characters, and no identity token is so long")
    parts = raw.split(".")
    if len(parts) != 3 or not parts[2]:
        raise SignInNeeded(f"{where} does not hold a JWT: three parts joined by dots")
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    if header is None or claims is None:
        raise SignInNeeded(f"{where} does not hold a JWT: its parts are not JSON objects")
    expires_at = instant(claims.get("exp"))
    if expires_at is None:
        raise SignInNeeded(
            f"the identity token of {where} has no usable exp", "let the identity provider issue tokens with exp"
        )
    if expires_at <= now:
        ago = int(now - expires_at)
        raise SignInNeeded(f"the identity token of {where} expired {ago} s ago", "or check the clock")
    return IdentityToken(raw, claims, str(header.get("alg", "no algorithm")), int(expires_at))


def unverified_claims(raw: str) -> Mapping[str, Any]:
    """The claims of a JWT that came straight from its issuer; empty if the text is not a JWT."""
    parts = raw.split(".")
    return (len(parts) == 3 and _decoded(parts[1])) or {}


def _decoded(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return value if isinstance(value, dict) else None
