"""The claims of an identity token are judged before anything depends on them."""

from typing import Any

import pytest

from oidc_helper.configure.claims import judge
from oidc_helper.configure.telling import of_claims
from oidc_helper.identity.token import IdentityToken
from oidc_helper.settings import Identity

ISSUER = "https://login.example.com"
IDENTITY = Identity("corp", "browser", issuer=ISSUER, client_id="cli", assertion="id_token")
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "cli",
    "sub": "00u1",
    "email": "alice@example.com",
    "jti": "one",
    "exp": 4_000,
}


def verdicts(*, alg: str = "RS256", **claims: Any) -> dict[str, tuple[str, str]]:
    token = IdentityToken("raw", {**CLAIMS, **claims}, alg, 4_000)
    return {one.claim: (one.verdict, one.remark) for one in judge(token, IDENTITY, now=1_000)}


def test_a_token_as_identity_center_wants_it() -> None:
    """Everything is good, and nothing is said of it."""
    assert set(verdicts().values()) == {("good", "")}


@pytest.mark.parametrize(
    ("claims", "claim", "verdict", "word"),
    [
        ({"jti": None}, "jti", "wrong", "Identity Center requires it"),
        ({"sub": ""}, "sub", "wrong", "OpenID Connect requires it"),
        ({"iss": None}, "iss", "wrong", "trusted token issuer"),
        ({"iss": f"{ISSUER}/"}, "iss", "doubtful", "exactly this URL"),
        ({"aud": None}, "aud", "wrong", "audiences"),
        ({"aud": ["api", "web"]}, "aud", "doubtful", "cli was expected"),
        ({"email": None}, "email", "doubtful", "another claim"),
        ({"alg": "ES256"}, "alg", "wrong", "RS256 only"),
    ],
)
def test_what_identity_center_would_mind_is_said(claims: dict[str, Any], claim: str, verdict: str, word: str) -> None:
    """What it refuses is wrong, and what may be meant so is doubtful."""
    found, remark = verdicts(**claims)[claim]

    assert found == verdict
    assert word in remark


def test_an_audience_among_others_is_good() -> None:
    """RFC 7519 section 4.1.3 allows a list."""
    assert verdicts(aud=["api", "cli"])["aud"] == ("good", "")


def test_claims_steer_no_terminal() -> None:
    """They are somebody else's words."""
    token = IdentityToken("raw", {**CLAIMS, "sub": "\x1b[2Jalice"}, "RS256", 4_000)

    assert all(line.isprintable() for line in of_claims(judge(token, IDENTITY, now=1_000), 80))


def test_no_value_is_wider_than_the_terminal() -> None:
    """It goes on below itself. Seen: an address that went on at the margin."""
    token = IdentityToken("raw", {**CLAIMS, "sub": "00u-" + "alice" * 20}, "RS256", 4_000)
    lines = list(of_claims(judge(token, IDENTITY, now=1_000), 40))

    assert max(map(len, lines)) <= 40
    assert "00u-" + "alice" * 20 in "".join(line.strip() for line in lines)
