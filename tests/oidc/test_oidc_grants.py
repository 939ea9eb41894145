"""The token and revocation endpoints: a client's proof, the tokens to keep, and the meaning of refusals."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from fakes.provider import CLIENT, FakeProvider, Reply, Request, answer

from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain
from oidc_helper.oidc import SessionOver, grants
from oidc_helper.oidc.authorization import Request as Authorization
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import Provider, discover

ASKED = Authorization("https://x", CLIENT, "http://127.0.0.1:1/callback", "a-state", "a-nonce", "a-verifier")


def discovered(provider: FakeProvider) -> Provider:
    return discover(provider.issuer, client=Client(CLIENT), timeout_s=10)


def refresh(provider: FakeProvider, client: Client) -> grants.Granted:
    return grants.refresh(discovered(provider), client, "the-old-one", timeout_s=10)


def refusing(error: object, status: int = 400, **more: object) -> Callable[[Request], Reply]:
    return lambda _: answer({"error": error, **more}, status)


def test_a_code_is_redeemed_with_its_redirect_uri_and_verifier(provider: FakeProvider, client: Client) -> None:
    """And with the parameters that the settings add."""
    granted = grants.redeem_code(discovered(provider), client, ASKED, "a-code", timeout_s=10, resource="urn:x")

    assert (granted.access_token, granted.refresh_token) == ("an-access-token", "a-refresh-token")
    assert provider.asked("/token")[0].values == {
        "grant_type": "authorization_code",
        "code": "a-code",
        "redirect_uri": ASKED.redirect_uri,
        "code_verifier": "a-verifier",
        "client_id": CLIENT,
        "resource": "urn:x",
    }


def test_the_newest_refresh_token_is_kept(provider: FakeProvider, client: Client) -> None:
    """That is the old one where no new one came."""
    assert refresh(provider, client).refresh_token == "a-refresh-token"

    provider.tokens["refresh_token"] = None
    assert refresh(provider, client).refresh_token == "the-old-one"


@pytest.mark.parametrize(
    ("setting", "listed", "used"),
    [
        ("", None, "basic"),
        ("", ["client_secret_basic", "client_secret_post"], "basic"),
        ("", ["client_secret_post", "private_key_jwt"], "post"),
        ("client_secret_post", None, "post"),
        ("client_secret_basic", ["client_secret_post"], "basic"),
    ],
)
def test_the_secret_goes_the_way_of_the_settings(
    provider: FakeProvider, setting: str, listed: list[str] | None, used: str
) -> None:
    """Without one, the usual way, or else one that the provider lists."""
    provider.document["token_endpoint_auth_methods_supported"] = listed
    refresh(provider, Client(CLIENT, "s/e c:r+e%t", setting))
    request = provider.asked("/token")[0]
    pair = base64.b64encode(b"native:s%2Fe+c%3Ar%2Be%25t").decode()  # RFC 6749 section 2.3.1

    assert request.headers.get("Authorization") == (f"Basic {pair}" if used == "basic" else None)
    assert request.values.get("client_secret") == ("s/e c:r+e%t" if used == "post" else None)
    assert "s/e c" not in repr(Client(CLIENT, "s/e c:r+e%t"))


def test_an_ended_session_differs_from_every_other_failure(provider: FakeProvider, client: Client) -> None:
    """The provider will never accept the refresh token again."""
    provider.replies["/token"] = refusing("invalid_grant", error_description="AADSTS70043: \x1b[31mexpired\n")
    with pytest.raises(SessionOver) as caught:
        refresh(provider, client)

    assert caught.value.exit_code == 3
    assert caught.value.message.isprintable()
    assert "AADSTS70043" in caught.value.message


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (refusing("invalid_client", 401), SignInNeeded, "refused: invalid_client"),
        (refusing("invalid_scope"), SignInNeeded, "refused: invalid_scope"),
        (refusing("interaction_required"), SignInNeeded, "interaction_required"),
        (refusing("temporarily_unavailable"), TryAgain, "temporarily_unavailable"),
        (refusing("something_new", error_description={"x": 1}), SignInNeeded, "something_new"),
        (refusing(["odd"]), SignInNeeded, "an error without a name"),
        (refusing("server_error", 500), TryAgain, "HTTP status 500"),
        (lambda _: Reply(403, {"Content-Type": "text/html"}, b"<h1>Blocked</h1>"), SignInNeeded, "HTTP status 403"),
        (lambda _: Reply(400, {}, b""), SignInNeeded, "HTTP status 400"),
        (lambda _: answer(["x"]), SignInNeeded, "makes no sense"),
        (lambda _: answer({"access_token": 5}), SignInNeeded, "makes no sense"),
        (lambda _: answer({"access_token": "x", "expires_in": "soon"}), SignInNeeded, "makes no sense"),
        (lambda _: Reply(308, {"Location": "https://x"}), SignInNeeded, "redirects to https://x"),
    ],
)
def test_other_refusals_leave_the_refresh_token_usable(
    provider: FakeProvider, client: Client, reply: Any, kind: type[OidcHelperError], words: str
) -> None:
    """A person can mend each by signing in, unless it may pass by itself."""
    provider.replies["/token"] = reply
    with pytest.raises(kind) as caught:
        refresh(provider, client)

    assert not isinstance(caught.value, SessionOver)
    assert words in caught.value.message
    assert len(provider.asked("/token")) == 1


def test_a_refused_code_keeps_the_provider_s_error_code(provider: FakeProvider, client: Client) -> None:
    provider.replies["/token"] = refusing("invalid_grant")
    with pytest.raises(Refused) as caught:
        grants.redeem_code(discovered(provider), client, ASKED, "a-code", timeout_s=10)

    assert caught.value.code == "invalid_grant"


def test_granted_tokens_are_not_shown(provider: FakeProvider, client: Client) -> None:
    assert "a-refresh-token" not in repr(refresh(provider, client))
    assert "a-verifier" not in repr(ASKED)


def test_a_refresh_token_is_revoked_by_its_client(provider: FakeProvider) -> None:
    """Any answer without a body will do."""
    grants.revoke(discovered(provider), Client(CLIENT, "secret", "client_secret_post"), "the-token", timeout_s=10)

    assert provider.asked("/revoke")[0].values == {
        "token": "the-token",
        "token_type_hint": "refresh_token",
        "client_id": CLIENT,
        "client_secret": "secret",
    }


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusing("unsupported_token_type"), Refused),
        (lambda _: Reply(404, {"Content-Type": "text/html"}, b"no"), Refused),
        (lambda _: Reply(503, {}, b""), TryAgain),
    ],
)
def test_a_failed_revocation_is_an_error(
    provider: FakeProvider, client: Client, reply: Any, kind: type[OidcHelperError]
) -> None:
    provider.replies["/revoke"] = reply
    with pytest.raises(kind):
        grants.revoke(discovered(provider), client, "the-token", timeout_s=10)


def test_a_provider_without_revocation_is_named(provider: FakeProvider, client: Client) -> None:
    del provider.document["revocation_endpoint"]
    with pytest.raises(Refused, match="offers no revocation endpoint"):
        grants.revoke(discovered(provider), client, "the-token", timeout_s=10)
