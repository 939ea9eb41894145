"""The identity provider's session: who it is, its end, and what a request may ask of the person."""

from typing import Any

import pytest
from emulator.browsing import CHALLENGE, VERIFIER, Page, send, with_query

from oidc_helper.emulator import Emulator

REDIRECT = "http://localhost:51234/callback"


def request(emulator: Emulator, **change: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": emulator.client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid email offline_access",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **change,
    }


@pytest.fixture
def tokens(emulator: Emulator) -> dict[str, Any]:
    """Alice's, after a sign-in whose redirect URI is at localhost."""
    emulator.directory.identity_provider.auto_approve = True
    code = send(with_query(emulator.issuer + "/authorize", request(emulator))).redirected["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    answer = send(emulator.issuer + "/token", {**form, "client_id": emulator.client_id})
    assert answer.status == 200
    return dict(answer.json)


def refreshed(emulator: Emulator, tokens: dict[str, Any]) -> int:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": emulator.client_id}
    return send(emulator.issuer + "/token", form).status


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_tells_what_the_scopes_allow(emulator: Emulator, tokens: dict[str, Any], method: str) -> None:
    """Not the name, since the scope profile was not asked for."""
    told = send(
        emulator.issuer + "/userinfo", method=method, headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )

    assert told.json == {"sub": "00u-alice", "email": "alice@example.com", "email_verified": True}


def test_userinfo_takes_the_token_from_a_form_too(emulator: Emulator, tokens: dict[str, Any]) -> None:
    told = send(emulator.issuer + "/userinfo", {"access_token": tokens["access_token"]})

    assert told.json["sub"] == "00u-alice"


def test_userinfo_challenges_who_may_not_ask(emulator: Emulator, tokens: dict[str, Any]) -> None:
    """RFC 6750: no token, one of another kind, one of nobody, and one that has expired."""

    def challenge(token: str) -> tuple[int, str]:
        answer = send(emulator.issuer + "/userinfo", headers={"Authorization": f"Bearer {token}"} if token else {})
        return answer.status, answer.headers["WWW-Authenticate"]

    assert challenge("") == (401, 'Bearer realm="oidc-helper emulator"')
    for token in (tokens["id_token"], tokens["refresh_token"], "a.b.c"):
        assert challenge(token)[0] == 401
        assert 'error="invalid_token"' in challenge(token)[1]
    emulator.advance(3_601)
    assert "has expired" in challenge(tokens["access_token"])[1]


def test_the_end_of_a_session_ends_its_refresh_tokens(emulator: Emulator, tokens: dict[str, Any]) -> None:
    """The person goes back to where the client says, with its state."""
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://localhost:9/bye", "state": "s2"}
    answer = send(with_query(emulator.issuer + "/end_session", asked))

    assert (answer.location, answer.redirected) == ("http://localhost:9/bye", {"state": "s2"})
    assert refreshed(emulator, tokens) == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"post_logout_redirect_uri": "https://evil.example/"}, "not registered"),
        ({"id_token_hint": "a.b.c"}, "not one of this provider"),
        ({"client_id": "somebody-else"}, "issued to another client"),
    ],
)
def test_an_end_that_cannot_be_trusted_is_shown_to_the_person(
    emulator: Emulator, tokens: dict[str, Any], change: dict[str, str], words: str
) -> None:
    """And redirects nobody."""
    answer = send(with_query(emulator.issuer + "/end_session", {"id_token_hint": tokens["id_token"], **change}))

    assert (answer.status, words in answer.text) == (400, True)
    assert "Location" not in answer.headers


def test_an_end_without_an_address_says_that_it_is_one(emulator: Emulator, tokens: dict[str, Any]) -> None:
    answer = send(emulator.issuer + "/end_session", {"id_token_hint": tokens["id_token"]})

    assert (answer.status, "You are signed out" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("prompt", "error"),
    [("none", "login_required"), ("none login", "invalid_request"), ("whatever", "invalid_request")],
)
def test_a_prompt_that_cannot_be_is_the_clients_error(emulator: Emulator, prompt: str, error: str) -> None:
    """OpenID Connect Core section 3.1.2.6."""
    answer = send(with_query(emulator.issuer + "/authorize", request(emulator, prompt=prompt)))

    assert answer.redirected["error"] == error


@pytest.mark.parametrize("error", ["consent_required", "interaction_required", "account_selection_required"])
def test_what_a_silent_sign_in_lacks_can_be_chosen(emulator: Emulator, error: str) -> None:
    emulator.directory.identity_provider.silent_error = error
    answer = send(with_query(emulator.issuer + "/authorize", request(emulator, prompt="none")))

    assert (answer.redirected["error"], answer.redirected["state"]) == (error, "s1")


@pytest.mark.parametrize("prompt", ["login", "consent select_account"])
def test_a_prompt_for_the_person_shows_the_page(emulator: Emulator, prompt: str) -> None:
    assert "bob@example.com" in send(with_query(emulator.issuer + "/authorize", request(emulator, prompt=prompt))).text


def test_an_authorization_request_may_be_posted(emulator: Emulator) -> None:
    """From a page of the client, too; a decision may not."""

    def post(path: str) -> Page:
        return send(emulator.issuer + path, request(emulator), headers={"Origin": "https://app.example.com"})

    assert "bob@example.com" in post("/authorize").text
    assert post("/authorize/decision").status == 403


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/nowhere"])
def test_a_head_is_a_get_without_the_body(emulator: Emulator, path: str) -> None:
    whole, head = (send(emulator.issuer + path, method=method) for method in ("GET", "HEAD"))

    assert (head.status, head.text) == (whole.status, "")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
