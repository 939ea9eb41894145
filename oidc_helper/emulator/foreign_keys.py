"""The keys of identity providers other than the emulator's own, fetched by discovery as AWS does."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from oidc_helper.emulator.keys import BadToken, Claims, key_id, verified
from oidc_helper.errors import OidcHelperError

_FETCH_S = 5  # for the discovery document, and again for the keys


class ForeignKeys:
    """The published keys of an issuer, fetched on first use and again if a token names an unknown key."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._published: list[Key] = []

    def verified(self, token: str, *, algorithms: Collection[str]) -> Claims:
        """Like `SigningKeys.verified`. Also raises BadToken if the keys cannot be fetched."""
        kid = key_id(token)
        if not self._published or (kid and kid not in {key.kid for key in self._published}):
            self._published = list(_usable(_fetched(self._issuer)))
        return verified(token, KeySet(self._published), algorithms)


def _fetched(issuer: str) -> Any:
    from oidc_helper.oidc.connection import Client, get_json
    from oidc_helper.oidc.provider import discover

    anonymous = Client("")
    try:
        provider = discover(issuer, client=anonymous, timeout_s=_FETCH_S)
        jwks_uri = provider.jwks_uri
        return get_json(jwks_uri, issuer=issuer, client=anonymous, timeout_s=_FETCH_S, fresh=True).get("keys")
    except OidcHelperError as error:
        raise BadToken(error.message) from error


def _usable(keys: Any) -> Iterator[Key]:
    """The keys that can be read and are for asymmetric algorithms (RFC 8725 section 3.1)."""
    for data in keys if isinstance(keys, list) else ():
        if isinstance(data, dict) and data.get("kty") in ("RSA", "EC") and data.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError, TypeError, KeyError):
                yield JWKRegistry.import_key(data)
