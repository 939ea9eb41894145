"""The claims of an identity token, judged by what Identity Center asks of them, before anything depends on them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from oidc_helper.identity.token import IdentityToken
from oidc_helper.person import times
from oidc_helper.settings import Identity
from oidc_helper.words import printable

Verdict = Literal["good", "doubtful", "wrong"]
_NEEDED = {
    "jti": "Identity Center requires it: let the identity provider put jti into the token, or assertion = another one",
    "sub": "OpenID Connect requires it: is this an OpenID provider?",
}


class Judged(NamedTuple):
    """One claim, its value for people, and what is to be said of it."""

    claim: str
    value: str
    verdict: Verdict = "good"
    remark: str = ""


def judged(token: IdentityToken, identity: Identity, *, now: float) -> list[Judged]:
    """What decides whether Identity Center takes the token; `now` is in epoch seconds."""
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


def _present(claim: str, claims: Mapping[str, Any]) -> Judged:
    value = claims.get(claim)
    return Judged(claim, _text(value)) if value else Judged(claim, "missing", "wrong", _NEEDED[claim])


def _issuer(claims: Mapping[str, Any], identity: Identity) -> Judged:
    value = claims.get("iss")
    if not value:
        return Judged("iss", "missing", "wrong", "Identity Center finds the trusted token issuer by it")
    if identity.issuer and value != identity.issuer:
        return Judged("iss", _text(value), "doubtful", "the trusted token issuer must have just this URL, not issuer's")
    return Judged("iss", _text(value))


def _audience(claims: Mapping[str, Any], identity: Identity) -> Judged:
    value = claims.get("aud")
    if not value:
        return Judged("aud", "missing", "wrong", "Identity Center compares it with the application's audiences")
    expected = identity.audience or (identity.client_id if identity.assertion == "id_token" else "")
    if expected and expected not in (value if isinstance(value, list) else [value]):
        return Judged(
            "aud", _text(value), "doubtful", f"{printable(expected)} was expected; the application must list it"
        )
    return Judged("aud", _text(value))


def _email(claims: Mapping[str, Any]) -> Judged:
    value = claims.get("email")
    if value:
        return Judged("email", _text(value))
    return Judged(
        "email", "missing", "doubtful", "enough only where the trusted token issuer finds users by another claim"
    )


def _expiry(token: IdentityToken, now: float) -> Judged:
    return Judged("exp", times.until(token.expires_at, now))


def _algorithm(token: IdentityToken) -> Iterator[Judged]:
    if token.algorithm != "RS256":
        yield Judged("alg", printable(token.algorithm), "wrong", "Identity Center takes RS256 only")
