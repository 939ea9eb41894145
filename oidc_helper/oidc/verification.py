"""Verify an ID token: signature, issuer, audience, nonce and times (OpenID Connect Core section 3.1.3.7)."""

import warnings
from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # it has no types
from joserfc import jws, jwt
from joserfc.errors import ClaimError, InvalidPayloadError, JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key

from oidc_helper.errors import Refused
from oidc_helper.machine.clock import instant, skew
from oidc_helper.oidc import ClockOff
from oidc_helper.oidc.connection import Client, get_json
from oidc_helper.oidc.provider import Provider
from oidc_helper.words import printable

# Public-key signatures only: `none` is no signature, and with a shared key a verifier could sign (RFC 8725, 3.1).
_SIGNATURES = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}
)
_LEEWAY_S = 60
_TIMES = ("exp", "iat", "nbf")
_JUDGED = ("iss", "sub", "aud", "azp", "nonce", "at_hash", *_TIMES)  # we use no others, such as amr and auth_time
_KEY = ("kty", "crv", "n", "e", "x", "y", "alg")  # members that make a public key, and the algorithm that it is for
_LONGEST_HEADER = 8192  # bytes; joserfc's own limit of 512 is too small for a certificate
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what garbage can raise


def verify(  # noqa: PLR0913 - all that a token is compared with
    id_token: str,
    provider: Provider,
    client: Client,
    *,
    nonce: str | None,
    access_token: str,
    date: str,
    now: float,
    timeout_s: float,
) -> Mapping[str, Any]:
    """The claims of a valid ID token. Raises ClockOff if its times are wrong only by our clock, Refused, TryAgain.

    `nonce` is None if none was sent, `date` the Date header of the answer with the token, `now` in epoch seconds.
    """
    header, claims = _signed(id_token, provider, client, timeout_s)
    judged = {name: claims[name] for name in _JUDGED if claims.get(name) is not None}
    for name in _TIMES:
        judged |= {name: _instant(provider, name, judged[name])} if name in judged else {}
    token = CodeIDToken(
        judged,
        header,
        options={
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": client.client_id},
        },
        params={"client_id": client.client_id, "nonce": nonce, "access_token": access_token},
    )
    try:
        token.validate(now=int(now), leeway=_LEEWAY_S)
    except ClaimError as error:
        if error.claim not in _TIMES:
            raise _untrusted(provider, error) from None
        if hint := skew(date, now):
            raise ClockOff(_untrusted(provider, error).message, hint) from None
        raise _untrusted(provider, error, "check this machine's clock") from None
    except _UNREADABLE as error:
        raise _untrusted(provider, error) from None
    return claims


def _signed(
    id_token: str, provider: Provider, client: Client, timeout_s: float
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Header and claims, verified with a published key; if none has the token's kid, the keys are read once more."""
    allowed = _SIGNATURES.intersection(provider.algorithms)
    try:
        header = jws.extract_compact(id_token.encode(), registry=_registry(allowed)).headers()
    except _UNREADABLE as error:
        raise _untrusted(provider, error) from None
    algorithm = str(header.get("alg"))
    if algorithm not in allowed:
        raise Refused(
            f"the ID token of {provider.host} is signed with {printable(algorithm)!r}, "
            f"and the provider's own list has {', '.join(sorted(allowed)) or 'no signature with a public key'}",
            "let the identity provider sign the client's ID tokens with RS256",
        )
    for fresh in (False, True):
        document = get_json(provider.jwks_uri, issuer=provider.issuer, client=client, timeout_s=timeout_s, fresh=fresh)
        named, others = _usable(document.get("keys"), header)
        for key in named + others:
            try:
                with warnings.catch_warnings(category=SecurityWarning, action="ignore"):
                    return header, jwt.decode(id_token, key, registry=_registry(allowed)).claims
            except InvalidPayloadError as error:
                raise _untrusted(provider, error) from None
            except _UNREADABLE:  # the signature of another key, or a key of another kind
                continue
        if named:
            break
    raise Refused(
        f"the ID token of {provider.host} is signed with none of its published keys",
        "sign in again; if that does not help, tell the administrators of the identity provider",
    )


def _usable(keys: Any, header: Mapping[str, Any]) -> tuple[list[Key], list[Key]]:
    """The public signature keys that the token may be signed with: those with its kid, and those without a kid.

    Other keys and unreadable ones are ignored; a member that is null or an empty list counts as absent.
    """
    named: list[Key] = []
    others: list[Key] = []
    for data in keys if isinstance(keys, list) else ():
        if not isinstance(data, dict) or data.get("kty") == "oct" or (data.get("use") or "sig") != "sig":
            continue
        kid, operations = data.get("kid"), data.get("key_ops") or ["verify"]
        if (
            not isinstance(operations, list)
            or "verify" not in operations
            or (kid and header.get("kid") and kid != header["kid"])
        ):
            continue
        try:
            with warnings.catch_warnings(category=SecurityWarning, action="ignore"):
                key = JWKRegistry.import_key({name: data[name] for name in _KEY if data.get(name) is not None})
        except _UNREADABLE:
            continue
        (named if kid or not header.get("kid") else others).append(key)
    return named, others


def _instant(provider: Provider, name: str, value: Any) -> float:
    """A time in epoch seconds, which some providers write as text. Raises Refused."""
    seconds = instant(value)
    if seconds is None:
        raise Refused(
            f"the ID token of {provider.host} cannot be trusted: "
            f"claim {name!r} must be seconds since 1970, not {printable(repr(value))}",
            "let the identity provider write times as numbers",
        )
    return seconds


def _registry(algorithms: frozenset[str]) -> jws.JWSRegistry:
    """A registry of these algorithms only; unknown header parameters are ignored (RFC 7515 section 4)."""
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = _LONGEST_HEADER
    return registry


def _untrusted(provider: Provider, error: Exception, hint: str = "") -> Refused:
    reason = error.description if isinstance(error, JoseError) and error.description else "it cannot be read"
    return Refused(
        f"the ID token of {provider.host} cannot be trusted: {printable(reason[:1].lower() + reason[1:])}",
        hint or "compare issuer and client_id with the identity provider's settings, and sign in again",
    )
