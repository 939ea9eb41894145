"""Signing keys with their rotation and JWKS, the making and checking of JWTs, and opaque strings."""

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


class BadToken(Exception):  # noqa: N818 - says what is bad, each service makes its own refusal of it
    """Not a JWT that the right keys have signed with an algorithm that is accepted; the text says why."""


class SigningKeys:
    """A key in force for each algorithm, and those published still; a foreign set is published nowhere."""

    def __init__(self, *algorithms: str) -> None:
        self._algorithms = algorithms
        self._published: list[RSAKey | ECKey] = []
        self.rotate()

    def rotate(self, *, retire: bool = False) -> None:
        """Sign with new keys; the old ones stay published unless they are retired."""
        self._current = _generate(self._algorithms)
        kept = [] if retire else self._published
        self._published = [*self._current.values(), *kept]

    def jwks(self) -> Claims:
        """The public halves (RFC 7517 section 5)."""
        return dict(KeySet(list(self._published)).as_dict(private=False))

    def sign(self, claims: Claims, *, alg: str = "RS256", key: str = "current", typ: str = "JWT") -> str:
        """A JWT; with `key="other"` it names the current key and is signed by another."""
        signer = (self._foreign if key == "other" else self._current)[alg]
        return jwt.encode({"alg": alg, "kid": self._current[alg].kid, "typ": typ}, claims, signer)

    def verified(self, token: str, *, algorithms: Collection[str]) -> Claims:
        """The claims of a token whose signature holds; none of them is looked at. Raises BadToken."""
        return verified(token, KeySet(list(self._published)), algorithms)

    @cached_property
    def _foreign(self) -> dict[str, RSAKey | ECKey]:
        return _generate(self._algorithms)


def verified(token: str, keys: KeySet, algorithms: Collection[str]) -> Claims:
    """The claims of a token that one of the keys has signed; none of them is looked at. Raises BadToken."""
    try:
        return dict(jwt.decode(token, keys, registry=_registry(algorithms)).claims)
    except (JoseError, ValueError) as error:
        raise BadToken(str(error)) from error


def key_id(token: str) -> str | None:
    """The key that a token says it is signed with. Raises BadToken for what is no JWT."""
    return _extracted(token).headers().get("kid")


def claimed_issuer(token: str) -> str | None:
    """Whose a token says it is, before anything has been verified. Raises BadToken for what is no JWT."""
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
    """Header parameters that are not known are ignored (RFC 7515 section 4)."""
    return jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)


def audiences(claims: Claims) -> list[str]:
    """The `aud` of a token, which may be one or a list (RFC 7519 section 4.1.3)."""
    named = claims.get("aud")
    return [each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)]


def moment(claims: Claims, name: str) -> float | None:
    """A time of a token in epoch seconds; None where it is missing or no number (RFC 7519 section 2)."""
    value = claims.get(name)
    return value if isinstance(value, int | float) else None


def opaque(length: int) -> str:
    """A random string of that many characters, which fit into URLs."""
    return base64.urlsafe_b64encode(secrets.token_bytes(length)).decode()[:length]


def aws_secret(length: int) -> str:
    """The same with `+` and `/`, which AWS's secrets have and which must be encoded in forms."""
    return base64.b64encode(secrets.token_bytes(length)).decode()[:length]


def upper(length: int) -> str:
    """Random characters of the alphabet of AWS's key and principal ids."""
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(length))


def _generate(algorithms: tuple[str, ...]) -> dict[str, RSAKey | ECKey]:
    return {alg: _MAKERS[alg]() for alg in algorithms}


_MAKERS: dict[str, Callable[[], RSAKey | ECKey]] = {
    "RS256": lambda: RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True),
    "ES256": lambda: ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True),
}
