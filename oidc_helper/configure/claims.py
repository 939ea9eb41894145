"""Compares the claims of an identity token with what Identity Center requires, before anything depends on them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from oidc_helper.identity.token import IdentityToken
from oidc_helper.person import times
from oidc_helper.settings import Identity
from oidc_helper.words import printable

Verdict = Literal["good", "doubtful", "wrong"]
_NEEDED = {
    "jti": "Identity Center requires it: let the identity provider put jti into it, or set assertion to another token",
    "sub": "OpenID Connect requires it: is this an OpenID provider?",
}


class JudgedClaim(NamedTuple):
    """One claim: its value for people, the verdict, and a remark if it is not good."""

    claim: str
    value: str
    verdict: Verdict = "good"
    remark: str = ""


def judge(token: IdentityToken, identity: Identity, *, now: float) -> list[JudgedClaim]:
    """The claims that decide whether Identity Center takes the token; `now` is in epoch seconds."""
    claims = token.claims
    return [
        _issuer(claims, identity),
        _audience(claims, identity),
        _present("sub", claims),
        _email(claims),
        _present("jti", claims),
        _expiry(token, now),
        *_algorithm(token),
    ]


def _text(value: Any) -> str:
    return printable(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _present(claim: str, claims: Mapping[str, Any]) -> JudgedClaim:
    value = claims.get(claim)
    return JudgedClaim(claim, _text(value)) if value else JudgedClaim(claim, "missing", "wrong", _NEEDED[claim])


def _issuer(claims: Mapping[str, Any], identity: Identity) -> JudgedClaim:
    value = claims.get("iss")
    if not value:
        return JudgedClaim("iss", "missing", "wrong", "Identity Center finds the trusted token issuer by it")
    if identity.issuer and value != identity.issuer:
        return JudgedClaim(
            "iss", _text(value), "doubtful", "the trusted token issuer must have exactly this URL, not the key issuer's"
        )
    return JudgedClaim("iss", _text(value))


def _audience(claims: Mapping[str, Any], identity: Identity) -> JudgedClaim:
    value = claims.get("aud")
    if not value:
        return JudgedClaim("aud", "missing", "wrong", "Identity Center compares it with the application's audiences")
    expected = identity.audience or (identity.client_id if identity.assertion == "id_token" else "")
    if expected and expected not in (value if isinstance(value, list) else [value]):
        return JudgedClaim(
            "aud", _text(value), "doubtful", f"{printable(expected)} was expected; the application must list it"
        )
    return JudgedClaim("aud", _text(value))


def _email(claims: Mapping[str, Any]) -> JudgedClaim:
    value = claims.get("email")
    if value:
        return JudgedClaim("email", _text(value))
    return JudgedClaim(
        "email", "missing", "doubtful", "enough only if the trusted token issuer finds users by another claim"
    )


def _expiry(token: IdentityToken, now: float) -> JudgedClaim:
    return JudgedClaim("exp", times.until(token.expires_at, now))


def _algorithm(token: IdentityToken) -> Iterator[JudgedClaim]:
    if token.algorithm != "RS256":
        yield JudgedClaim("alg", printable(token.algorithm), "wrong", "Identity Center takes RS256 only")
