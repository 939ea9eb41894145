"""CreateTokenWithIAM: refresh_token and token-exchange."""

from typing import Any

import pytest
from emulator.aws_callers import Answer, Caller, identity_context, refusal, refused

from oidc_helper.emulator import Emulator

REFRESH_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:refresh_token"


def test_a_refresh_renews_all_tokens_without_an_assertion(caller: Caller) -> None:
    """Access token, refresh token and identity context are new."""
    first = caller.exchange()
    second = caller.refresh(first["refreshToken"])

    assert second["accessToken"] != first["accessToken"]
    assert second["refreshToken"] != first["refreshToken"]
    assert identity_context(second) != identity_context(first)


def test_a_replaced_refresh_token_is_an_invalid_grant(caller: Caller) -> None:
    """The newer one works."""
    first = caller.exchange()["refreshToken"]
    second = caller.refresh(first)["refreshToken"]

    assert refusal(caller.refresh, first) == ("InvalidGrantException", 400)
    assert caller.refresh(second)["accessToken"]


def test_reuse_can_end_the_whole_session(emulator: Emulator, caller: Caller) -> None:
    """AWS does not document its behaviour, so this is a setting."""
    emulator.directory.application.reuse_ends_session = True
    first = caller.exchange()["refreshToken"]
    second = caller.refresh(first)["refreshToken"]

    assert refusal(caller.refresh, first) == ("ExpiredTokenException", 400)
    assert refusal(caller.refresh, second) == ("ExpiredTokenException", 400)


def test_without_rotation_the_old_refresh_token_stays(emulator: Emulator, caller: Caller) -> None:
    """The answer has no refresh token."""
    emulator.directory.application.rotates_refresh_tokens = False
    token = caller.exchange()["refreshToken"]

    assert "refreshToken" not in caller.refresh(token)
    assert caller.refresh(token)["accessToken"]


def test_a_refresh_may_come_without_a_fresh_context(emulator: Emulator, caller: Caller) -> None:
    """AWS does not document the context, so this is a setting."""
    emulator.directory.application.fresh_context_on_refresh = False
    answer = caller.refresh(caller.exchange()["refreshToken"])

    assert "awsAdditionalDetails" not in answer
    assert answer["idToken"]


def test_a_refresh_ends_with_the_session(emulator: Emulator, caller: Caller) -> None:
    """A refresh does not prolong the session."""
    token = caller.exchange()["refreshToken"]
    emulator.advance(4 * 3600)
    token = caller.refresh(token)["refreshToken"]
    emulator.advance(4 * 3600 + 1)

    assert refusal(caller.refresh, token) == ("ExpiredTokenException", 400)


@pytest.mark.parametrize("which", ["unknown", "accessToken"])
def test_a_token_of_another_kind_is_an_invalid_grant(caller: Caller, which: str) -> None:
    """An access token, or an unknown text."""
    token = caller.exchange().get(which, which)

    assert refusal(caller.refresh, token) == ("InvalidGrantException", 400)


def test_a_refresh_token_belongs_to_one_application(emulator: Emulator, caller: Caller) -> None:
    """Another application cannot use it."""
    token = caller.exchange()["refreshToken"]
    other = emulator.directory.second_application_arn

    assert refusal(caller.refresh, token, clientId=other) == ("InvalidGrantException", 400)


def test_a_refresh_may_ask_for_fewer_scopes_than_were_granted_not_for_more(caller: Caller) -> None:
    """The next refresh may ask for all of them again."""
    token = caller.exchange(scope=["openid", "sso:account:access"])["refreshToken"]

    assert refusal(caller.refresh, token, scope=["aws"]) == ("InvalidScopeException", 400)

    fewer = caller.refresh(token, scope=["openid"])

    assert fewer["scope"] == ["openid"]
    assert caller.refresh(fewer["refreshToken"])["scope"] == ["openid", "sso:account:access"]


def test_a_refresh_without_assignment_is_denied(emulator: Emulator, caller: Caller) -> None:
    """The assignment is checked each time."""
    token = caller.exchange()["refreshToken"]
    emulator.directory.application.assigned.clear()

    assert refusal(caller.refresh, token) == ("AccessDeniedException", 400)


def test_a_token_with_this_application_as_audience_is_exchanged(emulator: Emulator, caller: Caller) -> None:
    """The user stays the same."""
    answer = caller.token_exchange(_subject(emulator, caller)["accessToken"])

    assert answer["issuedTokenType"] == "urn:ietf:params:oauth:token-type:access_token"

    session = caller.assume_with_context(identity_context(answer))

    assert session.identity()["Arn"].endswith("/analytics/alice")


def test_a_refresh_token_can_be_requested(emulator: Emulator, caller: Caller) -> None:
    """The answer names its type, and it works."""
    answer = caller.token_exchange(_subject(emulator, caller)["accessToken"], requestedTokenType=REFRESH_TOKEN_TYPE)

    assert answer["issuedTokenType"] == REFRESH_TOKEN_TYPE
    assert caller.refresh(answer["refreshToken"])["accessToken"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("subjectTokenType", REFRESH_TOKEN_TYPE), ("requestedTokenType", "urn:ietf:params:oauth:token-type:id_token")],
)
def test_other_token_types_are_invalid_requests(emulator: Emulator, caller: Caller, parameter: str, value: str) -> None:
    """The message says which."""
    subject = _subject(emulator, caller)["accessToken"]
    code, _, response = refused(caller.token_exchange, subject, **{parameter: value})

    assert code == "InvalidRequestException"
    assert "not supported" in response["Error"]["Message"]


def test_a_token_of_this_very_application_cannot_be_exchanged(caller: Caller) -> None:
    """The token must be of a different application."""
    token = caller.exchange()["accessToken"]

    assert refusal(caller.token_exchange, token) == ("InvalidRequestException", 400)


def test_a_token_with_another_audience_cannot_be_exchanged(emulator: Emulator, caller: Caller) -> None:
    """The scopes of the token decide, not those of its application."""
    token = _subject(emulator, caller, scope=["own:read"])["accessToken"]
    code, _, response = refused(caller.token_exchange, token)

    assert code == "InvalidRequestException"
    assert "audience" in response["Error"]["Message"]


def test_an_unknown_subject_token_is_an_invalid_grant_and_an_old_one_has_expired(
    emulator: Emulator, caller: Caller
) -> None:
    """Two things that a client must tell apart."""
    assert refusal(caller.token_exchange, "unknown") == ("InvalidGrantException", 400)

    token = _subject(emulator, caller)["accessToken"]
    emulator.advance(3601)

    assert refusal(caller.token_exchange, token) == ("ExpiredTokenException", 400)


def _subject(emulator: Emulator, caller: Caller, **parameters: Any) -> Answer:
    return caller.exchange(clientId=emulator.directory.second_application_arn, **parameters)
