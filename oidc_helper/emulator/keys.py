"""Signing keys with rotation and JWKS, signing and verifying of JWTs, and random strings."""

import base64
import json
import secrets
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

Claims = dict[str, Any]


class BadToken(Exception):  # noqa: N818 - each service turns it into its own refusal
    """The token is no JWT that a right key has signed with an accepted algorithm; the text says why."""


class SigningKeys:
    """A current key for each algorithm, and the published keys, which include older ones.

    A second, unpublished set signs tokens that must not verify.
    """

    def __init__(self, *algorithms: str) -> None:
        self._algorithms = algorithms
        self._published: list[RSAKey | ECKey] = []
        self.rotate()

    def rotate(self, *, retire: bool = False) -> None:
        """Make new current keys; the old ones stay published unless `retire` is true."""
        self._current = _generate(self._algorithms)
        older = [] if retire else self._published
        self._published = [*self._current.values(), *older]

    def jwks(self) -> Claims:
        """The public halves (RFC 7517 section 5)."""
        return dict(KeySet(list(self._published)).as_dict(private=False))

    def sign(self, claims: Claims, *, alg: str = "RS256", key: str = "current", typ: str = "JWT") -> str:
        """Sign a JWT; with `key="other"` it names the current key, but an unpublished key signs it."""
        signer = (self._unpublished if key == "other" else self._current)[alg]
        return jwt.encode({"alg": alg, "kid": self._current[alg].kid, "typ": typ}, claims, signer)

    def verified(self, token: str, *, algorithms: Collection[str]) -> Claims:
        """The claims of the token, whose signature alone is checked. Raises BadToken."""
        return verified(token, KeySet(list(self._published)), algorithms)

    @cached_property
    def _unpublished(self) -> dict[str, RSAKey | ECKey]:
        return _generate(self._algorithms)


def verified(token: str, keys: KeySet, algorithms: Collection[str]) -> Claims:
    """The claims of the token; checks only that one of the keys signed it. Raises BadToken."""
    try:
        return dict(jwt.decode(token, keys, registry=_registry(algorithms)).claims)
    except (JoseError, ValueError) as error:
        raise BadToken(str(error)) from error


def key_id(token: str) -> str | None:
    """The `kid` in the header of a token. Raises BadToken if it is not a JWT."""
    return _extracted(token).headers().get("kid")


def claimed_issuer(token: str) -> str | None:
    """The `iss` of a token whose signature has not been verified yet. Raises BadToken if it is not a JWT."""
    try:
        claims = json.loads(_extracted(token).payload)
    except ValueError as error:
        raise BadToken(str(error)) from error
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


def _extracted(token: str) -> jws.CompactSignature:
    try:
        return jws.extract_compact(token.encode(), registry=_registry(()))
    except (JoseError, ValueError) as error:
        raise BadToken(str(error)) from error


def _registry(algorithms: Collection[str]) -> jws.JWSRegistry:
    """Ignore unknown header parameters (RFC 7515 section 4)."""
    return jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)


def audiences(claims: Claims) -> list[str]:
    """The `aud` of a token, which may be a string or a list of strings (RFC 7519 section 4.1.3)."""
    aud = claims.get("aud")
    return [audience for audience in (aud if isinstance(aud, list) else [aud]) if isinstance(audience, str)]


def moment(claims: Claims, name: str) -> float | None:
    """A time in a token, in epoch seconds; None if it is missing or not a number (RFC 7519 section 2)."""
    value = claims.get(name)
    return value if isinstance(value, int | float) else None


def opaque(length: int) -> str:
    """A random string of that many URL-safe characters."""
    return base64.urlsafe_b64encode(secrets.token_bytes(length)).decode()[:length]


def aws_secret(length: int) -> str:
    """A random string with `+` and `/`: AWS's secrets have them, and forms must encode them."""
    return base64.b64encode(secrets.token_bytes(length)).decode()[:length]


def hexadecimal(length: int) -> str:
    """A random string of hexadecimal digits, as in AWS's resource ids."""
    return secrets.token_hex(length)[:length]


def upper(length: int) -> str:
    """A random string in the alphabet of AWS's key and principal ids."""
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(length))


def _generate(algorithms: tuple[str, ...]) -> dict[str, RSAKey | ECKey]:
    return {alg: _MAKERS[alg]() for alg in algorithms}


_MAKERS: dict[str, Callable[[], RSAKey | ECKey]] = {
    "RS256": lambda: RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True),
    "ES256": lambda: ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True),
}
