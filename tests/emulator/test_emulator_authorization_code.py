"""Identity Center's own authorize endpoint, and CreateTokenWithIAM with its code."""

import pytest
from emulator.aws_callers import Answer, Caller, refusal
from emulator.browsing import CHALLENGE, VERIFIER, Page, send, with_query

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Application

REDIRECT = "http://127.0.0.1:8400/callback"


def test_a_user_signs_in_at_identity_center_and_the_code_becomes_tokens(emulator: Emulator, caller: Caller) -> None:
    """The redirect carries state; all scopes of the application are granted."""
    redirect = _sign_in(emulator)

    assert (redirect.location, redirect.redirected["state"]) == (REDIRECT, "s1")

    answer = _redeem(emulator, caller, redirect.redirected["code"])

    assert answer["scope"] == ["analytics:read", "own:read", "openid", "aws", "sts:identity_context"]
    assert answer["refreshToken"]


def test_the_tokens_have_the_scopes_that_the_user_approved(emulator: Emulator, caller: Caller) -> None:
    """The redeeming application may ask for fewer scopes, not for more."""
    code = _sign_in(emulator, scopes="openid own:read").redirected["code"]

    assert _redeem(emulator, caller, code, scope=["openid"])["scope"] == ["openid"]

    code = _sign_in(emulator, scopes="openid own:read").redirected["code"]

    assert refusal(_redeem, emulator, caller, code, scope=["aws"]) == ("InvalidScopeException", 400)


@pytest.mark.parametrize(
    "change",
    [{"code": "unknown"}, {"redirectUri": "http://127.0.0.1:8401/callback"}, {"codeVerifier": "w" * 43}],
)
def test_a_code_that_does_not_fit_is_an_invalid_grant(
    emulator: Emulator, caller: Caller, change: dict[str, str]
) -> None:
    """The code, its redirect URI and its verifier belong together."""
    code = _sign_in(emulator).redirected["code"]

    assert refusal(_redeem, emulator, caller, code, **change) == ("InvalidGrantException", 400)


def test_a_code_can_be_redeemed_once(emulator: Emulator, caller: Caller) -> None:
    """The second attempt is an invalid grant."""
    code = _sign_in(emulator).redirected["code"]

    assert _redeem(emulator, caller, code)
    assert refusal(_redeem, emulator, caller, code) == ("InvalidGrantException", 400)


def test_a_verifier_without_a_challenge_is_an_invalid_grant(emulator: Emulator, caller: Caller) -> None:
    """It shows a downgrade (RFC 9700 section 4.8.2); without a challenge the code needs no verifier."""
    without = {"code_challenge": None, "code_challenge_method": None}
    code = _sign_in(emulator, **without).redirected["code"]

    assert refusal(_redeem, emulator, caller, code) == ("InvalidGrantException", 400)

    code = _sign_in(emulator, **without).redirected["code"]

    assert _redeem(emulator, caller, code, codeVerifier=None)["accessToken"]


def test_the_code_and_its_redirect_uri_are_required(emulator: Emulator, caller: Caller) -> None:
    """A call without one of them is an invalid request."""
    code = _sign_in(emulator).redirected["code"]

    assert refusal(_redeem, emulator, caller, code, redirectUri=None) == ("InvalidRequestException", 400)


def test_a_user_who_is_not_assigned_is_denied(emulator: Emulator, caller: Caller) -> None:
    """The user can sign in all the same."""
    code = _sign_in(emulator, user="mallory@example.com").redirected["code"]

    assert refusal(_redeem, emulator, caller, code) == ("AccessDeniedException", 400)


def test_the_port_of_a_redirect_must_match_unless_the_application_allows_any(emulator: Emulator) -> None:
    """AWS does not document it, so the emulator is strict by default."""
    assert _authorize(emulator, redirect_uri="http://127.0.0.1:9999/callback").status == 400

    _application(emulator).any_loopback_port = True

    assert _authorize(emulator, redirect_uri="http://127.0.0.1:9999/callback").status == 200


def test_a_customer_managed_application_cannot_sign_users_in(emulator: Emulator) -> None:
    """That is a limit of AWS today; the field `customer_managed` lifts it."""
    application = emulator.directory.application
    application.redirect_uris.append(REDIRECT)
    application.grants.add("authorization_code")

    assert _authorize(emulator, client_id=application.arn).status == 400

    application.customer_managed = False

    assert _authorize(emulator, client_id=application.arn).status == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [({"scopes": "s3:all"}, "invalid_scope"), ({"code_challenge_method": "plain"}, "invalid_request")],
)
def test_a_wrong_request_goes_back_to_the_application(emulator: Emulator, change: dict[str, str], error: str) -> None:
    """By redirect, with its state."""
    values = _authorize(emulator, **change).redirected

    assert (values["error"], values["state"]) == (error, "s1")


def _application(emulator: Emulator) -> Application:
    return emulator.directory.second_application


def _authorize(emulator: Emulator, **change: str | None) -> Page:
    asked = {
        "response_type": "code",
        "client_id": _application(emulator).arn,
        "redirect_uri": REDIRECT,
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return send(with_query(emulator.url + "/authorize", {**asked, **change}))


def _sign_in(emulator: Emulator, /, user: str | None = "alice@example.com", **change: str | None) -> Page:
    page = _authorize(emulator, **change)
    return send(emulator.url + "/authorize/decision", {**page.hidden, "user": user or "", "decision": "approve"})


def _redeem(emulator: Emulator, caller: Caller, code: str, /, **change: object) -> Answer:
    asked = {
        "clientId": _application(emulator).arn,
        "grantType": "authorization_code",
        "code": code,
        "redirectUri": REDIRECT,
        "codeVerifier": VERIFIER,
        **change,
    }
    return caller.create_token(**{name: value for name, value in asked.items() if value is not None})
