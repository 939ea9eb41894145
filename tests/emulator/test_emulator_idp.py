"""The identity provider: discovery, authorization code with PKCE, refresh, revocation."""

import base64
from typing import Any

import pytest
from emulator.browsing import CHALLENGE, VERIFIER, Page, send, with_query
from joserfc import jwt
from joserfc.jwk import KeySet

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.fixtures import CONFIDENTIAL_CLIENT

REDIRECT = "http://127.0.0.1:51234/callback"


def test_the_metadata_is_found_under_the_issuer(emulator: Emulator) -> None:
    """Its issuer is spelt exactly like that, and every endpoint exists."""
    metadata = send(emulator.issuer + "/.well-known/openid-configuration").json

    assert metadata["issuer"] == emulator.issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    for name in ("token", "device_authorization", "revocation"):
        assert send(metadata[f"{name}_endpoint"], {}).status in (400, 401)
    assert send(metadata["authorization_endpoint"]).status == 400


def test_identity_tokens_verify_against_the_published_keys(emulator: Emulator) -> None:
    """RS256, with the key that the header names, before and after a rotation."""
    token = emulator.mint("alice@example.com")
    emulator.rotate_keys()
    for each in (token, emulator.mint("alice@example.com")):
        published = KeySet.import_key_set(_metadata(emulator, "jwks_uri").json)
        claims = jwt.decode(each, published, algorithms=["RS256"]).claims
        assert (claims["iss"], claims["aud"]) == (emulator.issuer, emulator.client_id)

    assert all("d" not in key for key in _metadata(emulator, "jwks_uri").json["keys"])


def test_a_person_signs_in_with_code_and_pkce(emulator: Emulator) -> None:
    """The redirect carries state and iss, the identity token the nonce."""
    page = _authorize(emulator)

    assert "bob@example.com" in page.text

    redirect = _decide(emulator, page, user="bob@example.com")

    assert redirect.location == REDIRECT
    assert (redirect.redirected["state"], redirect.redirected["iss"]) == ("s1", emulator.issuer)

    answer = _redeem(emulator, redirect.redirected["code"])

    assert (answer.status, answer.json["token_type"], answer.json["expires_in"]) == (200, "Bearer", 3600)
    assert answer.headers["Cache-Control"] == "no-store"

    claims = _claims(emulator, answer.json["id_token"])

    assert (claims["email"], claims["nonce"], claims["aud"]) == ("bob@example.com", "n1", emulator.client_id)
    assert _claims(emulator, answer.json["access_token"])["sub"] == "00u-bob"


def test_the_page_is_self_contained_and_never_cached(emulator: Emulator) -> None:
    """It has no script, loads nothing, allows no frame, and escapes the client's parameters."""
    page = _authorize(emulator, scope="openid", login_hint='"><script>')

    assert "<script" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_login_hint_preselects_a_person(emulator: Emulator) -> None:
    """The person still has to agree."""
    page = _authorize(emulator, login_hint="bob@example.com")

    assert 'value="bob@example.com" checked' in page.text


def test_the_client_learns_of_a_denial(emulator: Emulator) -> None:
    """With its state, and without a code."""
    page = _authorize(emulator)
    values = _decide(emulator, page, decision="deny").redirected

    assert values == {"error": "access_denied", "state": "s1", "iss": emulator.issuer}


def test_a_page_can_be_answered_once(emulator: Emulator) -> None:
    """The back button does not make a second code."""
    page = _authorize(emulator)

    assert _decide(emulator, page).redirected["code"]
    assert _decide(emulator, page).status == 400


def test_auto_approval_needs_no_page(emulator: Emulator) -> None:
    """A browser that only follows redirects gets its code, and so does prompt=none."""
    assert _authorize(emulator, prompt="none").redirected["error"] == "login_required"

    emulator.directory.identity_provider.auto_approve = True
    code = _authorize(emulator, login_hint="bob@example.com", prompt="none").redirected["code"]

    assert _claims(emulator, _redeem(emulator, code).json["id_token"])["email"] == "bob@example.com"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
    ],
)
def test_a_wrong_request_goes_back_to_the_client(emulator: Emulator, change: dict[str, str | None], error: str) -> None:
    """By a redirect with state and iss, since client and redirect URI can be trusted."""
    values = _authorize(emulator, **change).redirected

    assert (values["error"], values["state"], values["iss"]) == (error, "s1", emulator.issuer)


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "http://127.0.0.1:51234/other"},
        {"redirect_uri": "http://127.0.0.1:51234/callback?more=1"},
        {"redirect_uri": "http://127.0.0.1:51234/callback#fragment"},
        {"redirect_uri": "https://127.0.0.1:51234/callback"},
        {"redirect_uri": "http://127.0.0.2:51234/callback"},
        {"redirect_uri": "http://user@127.0.0.1:51234/callback"},
        {"redirect_uri": "http://127.0.0.1.example.com:51234/callback"},
        {"redirect_uri": "http://127.0.0.1:port/callback"},
    ],
)
def test_an_unregistered_redirect_uri_receives_nothing(emulator: Emulator, change: dict[str, str | None]) -> None:
    """The person sees the error; only the port of a loopback address is free."""
    page = _authorize(emulator, **change)

    assert (page.status, "Location" in page.headers) == (400, False)


def test_a_loopback_redirect_may_have_any_port(emulator: Emulator) -> None:
    """Of IPv4 and of IPv6 (RFC 8252 section 7.3)."""
    for host in ("127.0.0.1:1", "[::1]:65535", "127.0.0.1"):
        assert _authorize(emulator, redirect_uri=f"http://{host}/callback").status == 200


def test_a_repeated_parameter_is_refused(emulator: Emulator) -> None:
    """By both endpoints (RFC 6749 section 3)."""
    url = with_query(emulator.issuer + "/authorize", {"client_id": emulator.client_id})

    assert send(url + "&client_id=other").status == 400

    twice = send(emulator.issuer + "/token", body="grant_type=a&grant_type=b", method="POST", headers=_FORM)

    assert twice.json["error"] == "invalid_request"


def test_a_code_can_be_redeemed_once_and_reuse_ends_the_session(emulator: Emulator) -> None:
    """A stolen code is useless to the thief, even if he was the first."""
    code = _code(emulator)
    refresh_token = _redeem(emulator, code).json["refresh_token"]

    assert _error(_redeem(emulator, code)) == (400, "invalid_grant")
    assert _error(_refresh(emulator, refresh_token)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "change",
    [
        {"code": "unknown"},
        {"redirect_uri": "http://127.0.0.1:9/callback"},
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
    ],
)
def test_a_code_that_does_not_fit_is_an_invalid_grant(emulator: Emulator, change: dict[str, str | None]) -> None:
    """The attempt spends the code."""
    code = _code(emulator)

    assert _error(_redeem(emulator, code, **change)) == (400, "invalid_grant")
    assert _redeem(emulator, code).status == (200 if "code" in change else 400)


def test_a_code_expires(emulator: Emulator) -> None:
    """After ten minutes."""
    code = _code(emulator)
    emulator.advance(601)

    assert _error(_redeem(emulator, code)) == (400, "invalid_grant")


def test_another_client_cannot_redeem_a_code(emulator: Emulator) -> None:
    """Not even with its own secret."""
    answer = _redeem(emulator, _code(emulator), client_id=CONFIDENTIAL_CLIENT, client_secret=_secret(emulator))

    assert _error(answer) == (400, "invalid_grant")


def test_there_is_no_refresh_token_without_offline_access(emulator: Emulator) -> None:
    """There is no identity token without openid."""
    answer = _redeem(emulator, _code(emulator, scope="email")).json

    assert answer["scope"] == "email"
    assert "refresh_token" not in answer
    assert "id_token" not in answer


def test_refresh_tokens_rotate_and_reuse_ends_the_session(emulator: Emulator) -> None:
    """Reuse of the oldest token invalidates the newest."""
    first = _redeem(emulator, _code(emulator)).json
    second = _refresh(emulator, first["refresh_token"]).json

    assert _claims(emulator, second["id_token"])["jti"] != _claims(emulator, first["id_token"])["jti"]

    third = _refresh(emulator, second["refresh_token"]).json

    assert _error(_refresh(emulator, first["refresh_token"])) == (400, "invalid_grant")
    assert _error(_refresh(emulator, third["refresh_token"])) == (400, "invalid_grant")


def test_rotation_and_reuse_detection_can_be_switched_off(emulator: Emulator) -> None:
    """Some providers have neither."""
    provider = emulator.directory.identity_provider
    provider.reuse_ends_session = False
    first = _redeem(emulator, _code(emulator)).json["refresh_token"]
    second = _refresh(emulator, first).json["refresh_token"]

    assert _error(_refresh(emulator, first)) == (400, "invalid_grant")

    provider.rotates_refresh_tokens = False

    assert "refresh_token" not in _refresh(emulator, second).json
    assert _refresh(emulator, second).status == 200


def test_a_refresh_may_narrow_its_scopes_and_not_widen_them(emulator: Emulator) -> None:
    """RFC 6749 section 6."""
    token = _redeem(emulator, _code(emulator, scope="openid offline_access")).json["refresh_token"]

    assert _error(_refresh(emulator, token, scope="openid email")) == (400, "invalid_scope")
    assert _refresh(emulator, token, scope="openid").json["scope"] == "openid"


def test_a_person_who_has_left_is_not_refreshed(emulator: Emulator) -> None:
    """The refresh token may be as good as it likes."""
    token = _redeem(emulator, _code(emulator)).json["refresh_token"]
    del emulator.directory.identity_provider.people["alice@example.com"]

    assert _error(_refresh(emulator, token)) == (400, "invalid_grant")


def test_a_session_ends_in_time(emulator: Emulator) -> None:
    """Thirty days after the sign-in."""
    token = _redeem(emulator, _code(emulator)).json["refresh_token"]
    emulator.advance(30 * 86_400 + 1)

    assert _error(_refresh(emulator, token)) == (400, "invalid_grant")


def test_revocation_ends_the_session_and_says_nothing_of_unknown_tokens(emulator: Emulator) -> None:
    """RFC 7009: 200 either way, but for a client that is not known."""
    answer = _redeem(emulator, _code(emulator)).json
    url, token = emulator.issuer + "/revoke", answer["refresh_token"]

    assert send(url, {"token": "unknown", "client_id": emulator.client_id}).status == 200
    assert _error(send(url, {"token": token, "client_id": "unknown"})) == (401, "invalid_client")
    assert _error(send(url, {"client_id": emulator.client_id})) == (400, "invalid_request")
    assert _refresh(emulator, token).status == 200

    newer = _refresh(emulator, _redeem(emulator, _code(emulator)).json["refresh_token"]).json["refresh_token"]

    assert send(url, {"token": newer, "client_id": emulator.client_id}).status == 200
    assert _error(_refresh(emulator, newer)) == (400, "invalid_grant")


def test_a_confidential_client_authenticates_in_either_way(emulator: Emulator) -> None:
    """By HTTP Basic or in the form, with the right secret, not with both and not with none."""
    redirect, secret = "https://app.example.com/callback", _secret(emulator)
    asked = {"client_id": CONFIDENTIAL_CLIENT, "redirect_uri": redirect, "code_challenge": None}

    def redeem(basic: str | None = None, **change: str | None) -> Page:
        code = _code(emulator, **asked, code_challenge_method=None)
        return _redeem(emulator, code, basic, **{**asked, "code_verifier": None, **change})

    assert redeem(f"{CONFIDENTIAL_CLIENT}:{secret}").status == 200
    assert redeem(client_secret=secret).status == 200
    assert _error(redeem(f"{CONFIDENTIAL_CLIENT}:{secret}", client_secret=secret)) == (400, "invalid_request")
    for answer in (redeem(), redeem(client_secret="wrong"), redeem(f"{CONFIDENTIAL_CLIENT}:wrong"), redeem("other:x")):
        assert _error(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
    ],
)
def test_a_wrong_token_request_is_answered_in_oauths_words(
    emulator: Emulator, form: dict[str, str], error: str
) -> None:
    """RFC 6749 section 5.2."""
    answer = send(emulator.issuer + "/token", {"client_id": emulator.client_id, **form})

    assert _error(answer) == (400, error)


def test_a_grant_that_a_client_may_not_use_is_unauthorized(emulator: Emulator) -> None:
    """Not unknown."""
    emulator.directory.identity_provider.clients[emulator.client_id].grants = {"authorization_code"}

    assert _error(_refresh(emulator, "unknown")) == (400, "unauthorized_client")


def test_a_token_request_must_be_a_form(emulator: Emulator) -> None:
    """JSON is none."""
    answer = send(emulator.issuer + "/token", method="POST", body="{}", headers={"Content-Type": "application/json"})

    assert _error(answer) == (400, "invalid_request")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _authorize(emulator: Emulator, **change: str | None) -> Page:
    asked = {
        "response_type": "code",
        "client_id": emulator.client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid email offline_access",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return send(with_query(emulator.issuer + "/authorize", {**asked, **change}))


def _decide(emulator: Emulator, page: Page, user: str = "alice@example.com", decision: str = "approve") -> Page:
    form = {**page.hidden, "user": user, "decision": decision}
    return send(emulator.issuer + "/authorize/decision", form, headers={"Origin": emulator.url})


def _code(emulator: Emulator, **change: str | None) -> str:
    return _decide(emulator, _authorize(emulator, **change)).redirected["code"]


def _redeem(emulator: Emulator, code: str, /, basic: str | None = None, **change: str | None) -> Page:
    encoded = base64.b64encode((basic or "").encode()).decode()
    headers = {"Authorization": f"Basic {encoded}"} if basic else {}
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": emulator.client_id,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **change,
    }
    present = {name: value for name, value in form.items() if value is not None and name != "code_challenge"}
    return send(emulator.issuer + "/token", present, headers=headers)


def _refresh(emulator: Emulator, token: str, **more: str) -> Page:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": emulator.client_id, **more}
    return send(emulator.issuer + "/token", form)


def _error(page: Page) -> tuple[int, str]:
    return page.status, page.json["error"]


def _metadata(emulator: Emulator, name: str) -> Page:
    return send(send(emulator.issuer + "/.well-known/openid-configuration").json[name])


def _claims(emulator: Emulator, token: str) -> dict[str, Any]:
    published = KeySet.import_key_set(_metadata(emulator, "jwks_uri").json)
    return dict(jwt.decode(token, published, algorithms=["RS256"]).claims)


def _secret(emulator: Emulator) -> str:
    return emulator.directory.identity_provider.clients[CONFIDENTIAL_CLIENT].secret or ""
