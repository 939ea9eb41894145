"""Renewing without a person, and ending the provider's session."""

import pytest
from fakes.browser import FakeBrowser
from fakes.provider import CLIENT, Reply, fake_provider
from sign_in.sign_ins import Screen, at, identity_of

from oidc_helper.emulator import Emulator
from oidc_helper.errors import Refused, SignInNeeded, TryAgain
from oidc_helper.oidc import SessionOver
from oidc_helper.sign_in.provider import SignedIn, renew, revoke, sign_in


def signed_in(emulator: Emulator) -> SignedIn:
    result = sign_in(at(emulator), Screen().person(FakeBrowser()), way="browser", timeout_s=20)
    result.finish(None)
    return result


def refresh_token_of(result: SignedIn) -> str:
    assert result.refresh_token
    return result.refresh_token


def test_each_renewal_brings_the_refresh_token_of_the_next(emulator: Emulator) -> None:
    first = signed_in(emulator)
    second = renew(at(emulator), refresh_token_of(first), subject=first.subject, timeout_s=20)
    third = renew(at(emulator), second.refresh_token, subject=first.subject, timeout_s=20)

    assert len({result.identity_token.raw for result in (first, second, third)}) == 3
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.refresh_token not in repr(third)
    assert third.identity_token.raw not in repr(third)


def test_without_rotation_the_refresh_token_stays(emulator: Emulator) -> None:
    emulator.directory.identity_provider.rotates_refresh_tokens = False
    first = signed_in(emulator)

    assert renew(at(emulator), refresh_token_of(first), timeout_s=20).refresh_token == first.refresh_token


def test_an_ended_session_differs_from_passing_trouble(emulator: Emulator) -> None:
    first = signed_in(emulator)
    emulator.advance(365 * 86_400)
    with pytest.raises(SessionOver) as caught:
        renew(at(emulator), refresh_token_of(first), timeout_s=20)

    assert (caught.value.exit_code, caught.value.hint) == (3, "")
    assert "the session at 127.0.0.1" in caught.value.message


def test_a_reused_refresh_token_ends_the_session(emulator: Emulator) -> None:
    """The provider takes it for a theft."""
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
def test_passing_trouble_ends_no_session(emulator: Emulator, fault: dict[str, object]) -> None:
    """The refresh token is sent once."""
    first = signed_in(emulator)
    emulator.fault("Token", **fault)
    before = emulator.count("Token")
    with pytest.raises(TryAgain):
        renew(at(emulator), refresh_token_of(first), timeout_s=20)

    assert emulator.count("Token") - before == 1


def test_a_new_refresh_token_is_kept_before_anything_can_fail() -> None:
    """The old one is spent."""
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


def test_an_identity_token_of_somebody_else_is_refused() -> None:
    """OpenID Connect Core section 12.2."""
    with fake_provider() as provider:
        identity = identity_of(provider.issuer, CLIENT)
        assert renew(identity, "x", subject="00u-alice", timeout_s=20).subject == "00u-alice"
        assert renew(identity, "x", timeout_s=20).subject == "00u-alice"

        with pytest.raises(Refused, match="somebody else's identity token"):
            renew(identity, "x", subject="00u-bob", timeout_s=20)


def test_a_renewal_without_id_token_takes_a_person() -> None:
    """Some providers issue it to people only, which OpenID Connect Core section 12.2 allows."""
    with fake_provider() as provider:
        provider.tokens["id_token"] = None
        with pytest.raises(SignInNeeded, match="renews the session without an identity token"):
            renew(identity_of(provider.issuer, CLIENT), "x", timeout_s=20)


def test_a_renewal_has_the_secret_and_resource_of_the_sign_in() -> None:
    with fake_provider() as provider:
        identity = identity_of(provider.issuer, CLIENT, resource="urn:api", client_authentication="client_secret_post")
        renew(identity, "x", client_secret="secret", timeout_s=20)
        asked = provider.asked("/token")[0].values

        assert (asked["client_secret"], asked["resource"], asked["refresh_token"]) == ("secret", "urn:api", "x")


def test_a_revoked_session_is_over_at_the_provider(emulator: Emulator) -> None:
    first = signed_in(emulator)
    revoke(at(emulator), refresh_token_of(first), timeout_s=20)
    with pytest.raises(SessionOver):
        renew(at(emulator), refresh_token_of(first), timeout_s=20)


def test_a_provider_without_revocation_is_an_error() -> None:
    """Its session may go on."""
    with fake_provider() as provider:
        del provider.document["revocation_endpoint"]
        with pytest.raises(Refused, match="offers no revocation endpoint"):
            revoke(identity_of(provider.issuer, CLIENT), "x", timeout_s=20)
