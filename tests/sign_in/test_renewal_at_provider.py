"""Renewing without a person, and ending the provider's session."""

import pytest
from fakes.browser import FakeBrowser
from fakes.provider import CLIENT, Reply, fake_provider
from sign_in.sign_ins import Screen, at, identity_of

from oidc_helper.emulator import Emulator
from oidc_helper.errors import Refused, TryAgain
from oidc_helper.oidc import SessionOver
from oidc_helper.sign_in.provider import SignedIn, renew, revoke, sign_in


def signed_in(emulator: Emulator) -> SignedIn:
    result = sign_in(at(emulator), Screen().person(FakeBrowser()), way="browser", timeout_s=20)
    result.finish(None)
    return result


def refresh_token_of(result: SignedIn) -> str:
    assert result.refresh_token
    return result.refresh_token


def test_rotation(emulator: Emulator) -> None:
    """Each renewal brings a new identity token and the refresh token for the next one."""
    first = signed_in(emulator)
    second = renew(at(emulator), refresh_token_of(first), subject=first.subject, timeout_s=20)
    third = renew(at(emulator), second.refresh_token, subject=first.subject, timeout_s=20)
    assert len({result.identity_token.raw for result in (first, second, third)}) == 3
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.refresh_token not in repr(third)
    assert third.identity_token.raw not in repr(third)


def test_no_rotation(emulator: Emulator) -> None:
    """Where the provider does not rotate, the refresh token stays the one to keep."""
    emulator.directory.identity_provider.rotates_refresh_tokens = False
    first = signed_in(emulator)
    assert renew(at(emulator), refresh_token_of(first), timeout_s=20).refresh_token == first.refresh_token


def test_session_over(emulator: Emulator) -> None:
    """An ended session, and a refresh token that was used before, are told apart from all that may pass."""
    first = signed_in(emulator)
    emulator.advance(365 * 86_400)
    with pytest.raises(SessionOver) as caught:
        renew(at(emulator), refresh_token_of(first), timeout_s=20)
    assert (caught.value.exit_code, caught.value.hint) == (3, "")
    assert "the session at 127.0.0.1" in caught.value.message


def test_reuse(emulator: Emulator) -> None:
    """The provider ends the session of whoever comes with an old refresh token; it is said so."""
    first = signed_in(emulator)
    second = renew(at(emulator), refresh_token_of(first), timeout_s=20)
    for token in (refresh_token_of(first), second.refresh_token):
        with pytest.raises(SessionOver):
            renew(at(emulator), token, timeout_s=20)


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"status": 429}, {"cut": "after"}, {"cut": "before"}],
    ids=["503", "429", "after", "before"],
)
def test_passing_trouble(emulator: Emulator, fault: dict[str, object]) -> None:
    """What may pass is no end of the session; the refresh token is sent once."""
    first = signed_in(emulator)
    emulator.fault("Token", **fault)
    before = emulator.count("Token")
    with pytest.raises(TryAgain):
        renew(at(emulator), refresh_token_of(first), timeout_s=20)
    assert emulator.count("Token") - before == 1


def test_trouble_after_the_rotation() -> None:
    """Where all but the refresh itself fails, the new refresh token was kept: the old one is spent."""
    kept: list[str] = []
    with fake_provider() as provider:
        provider.replies["/keys"] = lambda _: Reply(503)
        with pytest.raises(TryAgain):
            renew(
                identity_of(provider.issuer, CLIENT),
                "the-old-one",
                keep=lambda token, _: kept.append(token),
                timeout_s=20,
            )
        assert kept == ["a-refresh-token"]
        provider.tokens["refresh_token"] = None
        with pytest.raises(TryAgain):
            renew(
                identity_of(provider.issuer, CLIENT),
                "the-old-one",
                keep=lambda token, _: kept.append(token),
                timeout_s=20,
            )
        assert kept == ["a-refresh-token"], "there was no new one"


def test_somebody_else() -> None:
    """A refresh token that suddenly is another person's is refused (OpenID Connect Core section 12.2)."""
    with fake_provider() as provider:
        identity = identity_of(provider.issuer, CLIENT)
        assert renew(identity, "x", subject="00u-alice", timeout_s=20).subject == "00u-alice"
        assert renew(identity, "x", timeout_s=20).subject == "00u-alice"
        with pytest.raises(Refused, match="somebody else's identity token"):
            renew(identity, "x", subject="00u-bob", timeout_s=20)


def test_no_identity_token_for_a_refresh() -> None:
    """A provider that gives an ID token to people only says what to change."""
    with fake_provider() as provider:
        provider.tokens["id_token"] = None
        with pytest.raises(Refused, match="gave no ID token"):
            renew(identity_of(provider.issuer, CLIENT), "x", timeout_s=20)


def test_client_secret_and_resource() -> None:
    """Renewal proves the client as the sign-in did, and asks for the same resource."""
    with fake_provider() as provider:
        identity = identity_of(provider.issuer, CLIENT, resource="urn:api", client_authentication="client_secret_post")
        renew(identity, "x", client_secret="secret", timeout_s=20)
        asked = provider.asked("/token")[0].values
        assert (asked["client_secret"], asked["resource"], asked["refresh_token"]) == ("secret", "urn:api", "x")


def test_revocation(emulator: Emulator) -> None:
    """A revoked session is over at the provider."""
    first = signed_in(emulator)
    revoke(at(emulator), refresh_token_of(first), timeout_s=20)
    with pytest.raises(SessionOver):
        renew(at(emulator), refresh_token_of(first), timeout_s=20)


def test_no_revocation() -> None:
    """Where the provider knows no revocation the error says so: its session may go on."""
    with fake_provider() as provider:
        del provider.document["revocation_endpoint"]
        with pytest.raises(Refused, match="offers no revocation endpoint"):
            revoke(identity_of(provider.issuer, CLIENT), "x", timeout_s=20)
