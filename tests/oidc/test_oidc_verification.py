"""ID tokens: a good one is accepted, and no forged, foreign, stale or garbled one."""

import base64
import hmac
import json
import time
import warnings
from typing import Any

import pytest
from fakes.provider import CLIENT, FakeProvider, Request, answer, new_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey

from oidc_helper.errors import OidcHelperError, Refused
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import Provider, discover
from oidc_helper.oidc.verification import verify

NONCE = "a-nonce"


def good(provider: FakeProvider, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": CLIENT, "sub": "alice", "iat": now, "exp": now + 600, "nonce": NONCE}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def verified(
    provider: FakeProvider, token: str, *, nonce: str | None = NONCE, access_token: str = "", date: str = ""
) -> dict[str, Any]:
    client = Client(CLIENT)
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    claims = verify(
        token, discovered, client, nonce=nonce, access_token=access_token, date=date, now=time.time(), timeout_s=10
    )
    return dict(claims)


def refusal(provider: FakeProvider, token: str, **how: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        verified(provider, token, **how)
    assert caught.value.message.isprintable()
    assert caught.value.hint
    return caught.value


def test_a_good_token_is_accepted(provider: FakeProvider) -> None:
    """Signed with a published key, for us, in time and with our nonce."""
    assert verified(provider, provider.signed(good(provider)))["sub"] == "alice"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "https://other.example.com"}, "invalid claim: 'iss'"),
        ({"iss": None}, "'iss'"),
        ({"aud": "another-client"}, "invalid claim: 'aud'"),
        ({"aud": ["another-client"]}, "invalid claim: 'aud'"),
        ({"aud": None}, "'aud'"),
        ({"aud": [CLIENT, "another-client"]}, "missing claim: 'azp'"),
        ({"aud": [CLIENT, "x"], "azp": "x"}, "invalid claim: 'azp'"),
        ({"azp": "x"}, "invalid claim: 'azp'"),
        ({"nonce": "another"}, "invalid claim: 'nonce'"),
        ({"nonce": None}, "missing claim: 'nonce'"),
        ({"sub": None}, "'sub'"),
        ({"sub": 5}, "claim 'sub' must be"),
        ({"exp": 5}, "the token is expired"),
        ({"exp": None}, "'exp'"),
        ({"exp": "soon"}, "claim 'exp' must be"),
        ({"exp": float("nan")}, "'exp'"),
        ({"iat": None}, "'iat'"),
        ({"at_hash": "x"}, "invalid claim: 'at_hash'"),
    ],
)
def test_a_wrong_claim_is_refused_by_its_name(provider: FakeProvider, changes: dict[str, Any], words: str) -> None:
    """A token for another client, by another issuer, of another sign-in or out of time."""
    error = refusal(provider, provider.signed(good(provider, **changes)), access_token="an-access-token")

    assert f"the ID token of {provider.issuer.removeprefix('http://')} cannot be trusted: " in error.message
    assert words in error.message


def test_a_token_for_us_and_others_must_be_issued_to_us(provider: FakeProvider) -> None:
    assert verified(provider, provider.signed(good(provider, aud=["x", CLIENT], azp=CLIENT)))["sub"] == "alice"


def test_a_token_needs_no_nonce_where_none_was_sent(provider: FakeProvider) -> None:
    """As with device codes and renewals."""
    assert verified(provider, provider.signed(good(provider, nonce=None)), nonce=None)["sub"] == "alice"


@pytest.mark.parametrize(
    "claims",
    [
        {"amr": "pwd"},
        {"auth_time": "2020-03-14T18:52:01.180Z"},
        {"auth_time": "1584215370", "acr": 5, "jti": None},
        {"azp": None, "at_hash": None, "nbf": None},
        {"c_hash": 5, "s_hash": [], "email_verified": "true"},
    ],
)
def test_claims_that_nobody_uses_are_not_judged(provider: FakeProvider, claims: dict[str, Any]) -> None:
    """ORCID, CILogon and ADFS write them as they like."""
    now = int(time.time())
    whole = {"iss": provider.issuer, "aud": CLIENT, "sub": "alice", "iat": now, "exp": now + 600, "nonce": NONCE}

    assert verified(provider, provider.signed(whole | claims))["sub"] == "alice"


def test_times_may_be_text(provider: FakeProvider) -> None:
    now = int(time.time())
    assert verified(provider, provider.signed(good(provider, exp=str(now + 60), iat=str(now))))["sub"] == "alice"

    assert "the token is expired" in refusal(provider, provider.signed(good(provider, exp=str(now - 600)))).message


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_a_time_that_is_none_is_named(provider: FakeProvider, claim: str) -> None:
    """The clock is not to blame."""
    error = refusal(provider, provider.signed(good(provider, **{claim: "2030-01-01T00:00:00Z"})))

    assert f"claim {claim!r} must be seconds since 1970, not '2030-01-01T00:00:00Z'" in error.message
    assert "clock" not in error.hint


@pytest.mark.parametrize(
    "members",
    [
        {"use": None, "alg": None, "x5c": None, "x5t": None},
        {"key_ops": []},
        {"key_ops": None},
        {"key_ops": ["verify", "sign"]},
        {"oth": []},
        {"d": None, "p": None, "q": None},
        {"kid": None},
        {"kid": ""},
    ],
)
def test_members_of_a_key_that_say_nothing_are_passed_over(provider: FakeProvider, members: dict[str, Any]) -> None:
    provider.jwks[0] |= members

    assert verified(provider, provider.signed(good(provider)))["sub"] == "alice"


def test_a_key_without_kid_verifies_a_token_with_one(provider: FakeProvider) -> None:
    """Keys with the token's kid come first, and those with another verify nothing."""
    nameless = {name: value for name, value in provider.jwks[0].items() if name != "kid"}
    stranger = dict(new_key().as_dict(private=False)) | {"kid": provider.key.kid}
    provider.jwks = [nameless, stranger]
    assert verified(provider, provider.signed(good(provider)))["sub"] == "alice"

    provider.jwks = [nameless | {"kid": "another"}]
    refusal(provider, provider.signed(good(provider)))


@pytest.mark.parametrize("operations", [["sign"], ["encrypt"], [{}], 5, {"verify": True}])
def test_a_key_for_another_operation_verifies_nothing(provider: FakeProvider, operations: Any) -> None:
    provider.jwks[0]["key_ops"] = operations
    refusal(provider, provider.signed(good(provider)))


@pytest.mark.parametrize("seconds", [-600, 600])
def test_the_hint_measures_the_difference_of_the_clocks(provider: FakeProvider, seconds: int) -> None:
    """Some seconds are tolerated."""
    now = int(time.time())
    there = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now + seconds))
    token = provider.signed(good(provider, iat=now + seconds, nbf=now + seconds, exp=now + seconds + 60))
    hint = refusal(provider, token, date=there).hint

    assert ("behind" if seconds > 0 else "ahead of") in hint
    assert hint.startswith(
        ("this machine's clock is 599 s", "this machine's clock is 600 s", "this machine's clock is 601 s")
    )
    assert refusal(provider, token).hint == "check this machine's clock"
    assert verified(provider, provider.signed(good(provider, iat=now + 30)))["sub"] == "alice"


def unsigned(claims: dict[str, Any]) -> str:
    with warnings.catch_warnings(category=SecurityWarning, action="ignore"):
        return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"])


def by_public_key(provider: FakeProvider) -> str:
    """The old attack with the public key as the secret of an HMAC; libraries refuse to sign so."""
    head = {"alg": "HS256", "kid": provider.key.kid}
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (head, good(provider)))
    signature = hmac.digest(provider.key.as_pem(private=False), signed, "sha256")
    return (signed + b"." + encoded(signature)).decode()


@pytest.mark.parametrize("listed", [["RS256"], ["RS256", "none", "HS256"], ["none", "HS256"], None])
@pytest.mark.parametrize("attack", ["none", "HS256"])
def test_a_signature_that_anybody_could_make_is_refused(
    provider: FakeProvider, attack: str, listed: list[str] | None
) -> None:
    """`none`, and HMAC with the public key, even where the provider lists them."""
    provider.document["id_token_signing_alg_values_supported"] = listed
    provider.jwks.append({"kty": "oct", "k": "eA", "use": "sig"})
    token = unsigned(good(provider)) if attack == "none" else by_public_key(provider)

    assert f"is signed with '{attack}'" in refusal(provider, token).message


def test_an_algorithm_that_the_provider_does_not_list_is_refused(provider: FakeProvider) -> None:
    token = provider.signed(good(provider), alg="PS256")
    assert "is signed with 'PS256', and the provider's own list has RS256" in refusal(provider, token).message

    provider.document["id_token_signing_alg_values_supported"] = ["RS256", "PS256"]
    provider.jwks[0].pop("alg")
    assert verified(provider, token)["sub"] == "alice"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("ES256", ECKey.generate_key("P-256")), ("EdDSA", OKPKey.generate_key("Ed25519"))],
    ids=["ES256", "EdDSA"],
)
def test_elliptic_curves_are_accepted(provider: FakeProvider, algorithm: str, key: ECKey | OKPKey) -> None:
    """Keys that cannot be read are passed over."""
    provider.document["id_token_signing_alg_values_supported"] = [algorithm]
    provider.jwks = [{"kty": "ML-DSA"}, {"kty": "EC"}, 5, {}, {"kty": "RSA", "n": "!", "e": 0}]  # type: ignore[list-item]
    provider.jwks += [{**key.as_dict(private=False), "use": "sig"}]
    with warnings.catch_warnings(category=SecurityWarning, action="ignore"):
        token = jwt.encode({"alg": algorithm}, good(provider), key, algorithms=[algorithm])

    assert verified(provider, token)["sub"] == "alice"


def test_a_signature_by_a_foreign_key_is_refused(provider: FakeProvider) -> None:
    """Whatever kid it claims."""
    other = new_key()
    for kid in (provider.key.kid, other.kid, None):
        error = refusal(provider, provider.signed(good(provider), other, kid=kid))
        assert "is signed with none of its published keys" in error.message


def test_changed_claims_are_refused(provider: FakeProvider) -> None:
    """A signature is valid for the claims that were signed."""
    head, _, signature = provider.signed(good(provider)).split(".")
    _, body, _ = provider.signed(good(provider, sub="mallory")).split(".")

    assert "none of its published keys" in refusal(provider, f"{head}.{body}.{signature}").message


def test_rotated_keys_are_read_once_more(provider: FakeProvider) -> None:
    """Past every cache, and no more often."""
    new = new_key()
    token = provider.signed(good(provider), new)
    before, after = list(provider.jwks), [dict(new.as_dict(private=False))]
    provider.replies["/keys"] = lambda _: answer({"keys": after if len(provider.asked("/keys")) > 1 else before})
    assert verified(provider, token)["sub"] == "alice"
    assert [request.headers.get("Cache-Control") for request in provider.asked("/keys")] == [None, "no-cache"]

    provider.requests.clear()
    provider.replies["/keys"] = lambda _: answer({"keys": before})
    refusal(provider, token)
    assert len(provider.asked("/keys")) == 2


def test_a_key_for_encryption_verifies_nothing(provider: FakeProvider) -> None:
    provider.jwks[0]["use"] = "enc"
    refusal(provider, provider.signed(good(provider)))


@pytest.mark.parametrize("keys", [None, [], {}, "x", [None], [[]]])
def test_a_key_set_without_a_key_verifies_nothing(provider: FakeProvider, keys: object) -> None:
    provider.replies["/keys"] = lambda _: answer({"keys": keys})

    assert "none of its published keys" in refusal(provider, provider.signed(good(provider))).message


def test_unknown_header_parameters_are_ignored(provider: FakeProvider) -> None:
    """Long ones too; critical ones are refused."""
    assert verified(provider, provider.signed(good(provider), x5t="x", unheard_of="y" * 2_000))["sub"] == "alice"

    refusal(provider, provider.signed(good(provider), b64=False, crit=["b64"]))


def encoded(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


NONSENSE = st.one_of(
    st.text(max_size=200),
    st.lists(st.binary(max_size=60).map(encoded), min_size=1, max_size=5).map(lambda parts: b".".join(parts).decode()),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["alg", "kid", "crit"]), inner),
        max_leaves=8,
    ).map(lambda header: f"{encoded(repr(header).replace(chr(39), chr(34)).encode()).decode()}.e30.eA"),
)


@given(token=NONSENSE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_in_place_of_a_token_is_refused(provider: FakeProvider, token: str) -> None:
    """With a printable message and no traceback."""
    discovered = Provider(provider.issuer, provider.issuer + "/token", provider.issuer + "/keys")
    with pytest.raises(OidcHelperError) as caught:
        verify(token, discovered, Client(CLIENT), nonce=None, access_token="", date="", now=time.time(), timeout_s=10)

    assert caught.value.message.isprintable()


def test_a_key_endpoint_without_keys_is_refused(provider: FakeProvider) -> None:
    def page(_: Request) -> Any:
        return answer([])

    provider.replies["/keys"] = page
    error = refusal(provider, provider.signed(good(provider)))

    assert "gives an answer that makes no sense" in error.message
    assert error.hint == f'check issuer = "{provider.issuer}": is this an OpenID provider?'
