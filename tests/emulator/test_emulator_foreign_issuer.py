"""Another identity provider than the emulator's own: a trusted token issuer whose keys are found by discovery."""

import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
from emulator.aws_callers import Caller, refusal
from fakes.provider import CLIENT, FakeProvider, Reply, answer, fake_provider, new_key
from joserfc.jwk import RSAKey

from oidc_helper.emulator import Emulator

INVALID_GRANT, INVALID_TOKEN = ("InvalidGrantException", 400), ("InvalidIdentityToken", 400)
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def provider(emulator: Emulator) -> Iterator[FakeProvider]:
    """The provider that Identity Center and IAM trust instead of the emulator's."""
    with fake_provider() as running:
        emulator.trust(running.issuer, CLIENT)
        yield running


def token(provider: FakeProvider, by: RSAKey | None = None, **changes: Any) -> str:
    """A token with the provider's current `kid`, signed by its key or by another."""
    now = int(time.time())
    usual = {"iss": provider.issuer, "aud": CLIENT, "sub": "00u-alice", "email": "alice@example.com"}
    claims = {**usual, "iat": now, "exp": now + 600, "jti": str(time.monotonic_ns()), **changes}
    return provider.signed(claims, by, kid=provider.key.kid, tenant="header parameters may be anything")


def test_a_foreign_token_is_exchanged_and_opens_the_callers_role(provider: FakeProvider, caller: Caller) -> None:
    """Identity Center goes by the email address, IAM by the audience."""
    session = caller.using(caller.assume_with_web_identity(token(provider))["Credentials"])

    assert session.identity()["Arn"].endswith(":assumed-role/tip-caller/alice")
    assert session.exchange(assertion=token(provider))["accessToken"]


def test_its_keys_are_fetched_once_and_again_after_a_rotation(provider: FakeProvider, caller: Caller) -> None:
    """A token with a new key is good at once."""
    for _ in range(3):
        assert caller.exchange(assertion=token(provider))
        assert caller.assume_with_web_identity(token(provider))
    assert len(provider.asked("/keys")) == 1

    provider.key = new_key()
    provider.jwks = [dict(provider.key.as_dict(private=False))]

    assert caller.exchange(assertion=token(provider))
    assert len(provider.asked("/keys")) == 2


def test_its_tokens_have_the_same_rules_as_others(provider: FakeProvider, caller: Caller) -> None:
    """They are single-use, and need a `jti`, the right audience and a valid time."""
    once = token(provider)

    assert caller.exchange(assertion=once)
    assert refusal(caller.exchange, assertion=once) == INVALID_GRANT
    assert caller.assume_with_web_identity(once), "which does not redeem it"
    for wrong in ({"jti": None}, {"aud": "somebody-else"}, {"exp": 1}, {"email": "nobody@example.com"}):
        assert refusal(caller.exchange, assertion=token(provider, **wrong)) == INVALID_GRANT


def test_a_token_that_it_has_not_signed_is_refused(emulator: Emulator, provider: FakeProvider, caller: Caller) -> None:
    """Also the emulator's own tokens, and a text that is not a token."""
    for bad in (token(provider, by=new_key()), "no.jwt.atall", emulator.mint("alice@example.com", iss=provider.issuer)):
        assert refusal(caller.exchange, assertion=bad) == INVALID_GRANT
        assert refusal(caller.assume_with_web_identity, bad) == INVALID_TOKEN
    assert refusal(caller.exchange) == INVALID_GRANT


BAD_PROVIDERS: dict[str, tuple[str, Callable[[], Reply], str]] = {
    "another issuer": (DISCOVERY, lambda: answer({"issuer": "https://elsewhere.example.com"}), "its issuer is"),
    "an error": (DISCOVERY, lambda: Reply(503), "HTTP status 503"),
    "no end": ("/keys", lambda: Reply(body=repeat(b" " * 65_536)), "more than 1,048,576 bytes"),
    "no keys": ("/keys", lambda: answer({"keys": [7, {"kty": "RSA", "n": "?"}]}), "No key for kid"),
    "a web page": ("/keys", lambda: Reply(200, {"Content-Type": "text/html"}, b"<h1>"), "not JSON"),
}


@pytest.mark.parametrize("problem", BAD_PROVIDERS)
def test_a_token_is_refused_if_the_keys_cannot_be_fetched(
    emulator: Emulator, provider: FakeProvider, caller: Caller, problem: str
) -> None:
    """The request log has the reason, and the next token is good once the provider works."""
    path, reply, reason = BAD_PROVIDERS[problem]
    provider.replies[path] = lambda _: reply()

    assert refusal(caller.exchange, assertion=token(provider)) == INVALID_GRANT
    assert reason in emulator.requests[-1].reason
    assert refusal(caller.assume_with_web_identity, token(provider)) == INVALID_TOKEN

    del provider.replies[path]

    assert caller.exchange(assertion=token(provider))
