"""CreateTokenWithIAM: the rules for every grant, and jwt-bearer."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.aws_callers import Caller, identity_context, refusal, refused

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import JWT_BEARER, Role

INVALID_GRANT = ("InvalidGrantException", 400)


def test_an_assertion_becomes_tokens_with_all_scopes_of_the_application(caller: Caller) -> None:
    """Without requested scopes, these are the configured ones and the three defaults."""
    answer = caller.exchange()

    assert (answer["tokenType"], answer["expiresIn"]) == ("Bearer", 3600)
    assert answer["scope"] == [
        *("sso:account:access", "s3:access_grants:read_write", "account_access:read_only", "account_access:assume"),
        *("openid", "aws", "sts:identity_context"),
    ]
    assert answer["refreshToken"]
    assert answer["accessToken"]


def test_the_id_token_names_the_user_the_issuer_and_the_context(emulator: Emulator, caller: Caller) -> None:
    """The identity context is one of its claims, and its times are strings and numbers as at AWS."""
    answer = caller.exchange()
    claims = _claims(answer["idToken"])
    user = emulator.directory.users[0]

    assert claims["sub"] == user.user_id
    assert claims["iss"] == "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef"
    assert claims["act"] == {"sub": emulator.directory.application.issuer.arn}
    assert claims["sts:identity_context"] == identity_context(answer)
    assert claims["auth_time"].endswith("Z")
    assert {"aws:identity_store_id", "aws:instance_arn", "aws:credential_id"} <= set(claims)


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"alg": "ES256"}, "Algorithm of 'ES256' is not allowed"),
        ({"key": "other"}, "bad_signature"),
        ({"lifetime_s": -1}, "exp is missing or past"),
        ({"exp": None}, "exp is missing or past"),
        ({"exp": "tomorrow"}, "exp is missing or past"),
        ({"nbf": 9_999_999_999}, "nbf is in the future"),
        ({"jti": None}, "jti is missing"),
        ({"jti": 7}, "jti is missing"),
        ({"iss": None}, "iss is None"),
        ({"aud": "somebody-else"}, "aud is not authorised"),
        ({"aud": None}, "aud is not authorised"),
        ({"aud": [{}, 5]}, "aud is not authorised"),
        ({"email": None}, "the claim email matches 0 users"),
        ({"email": {}}, "the claim email matches 0 users"),
        ({"email": "nobody@example.com"}, "the claim email matches 0 users"),
    ],
)
def test_a_bad_assertion_is_an_invalid_grant(
    emulator: Emulator, caller: Caller, overrides: dict[str, Any], reason: str
) -> None:
    """AWS does not tell the reason; the request log does."""
    token = emulator.mint("alice@example.com", **overrides)
    code, status, response = refused(caller.exchange, assertion=token)

    assert (code, status) == INVALID_GRANT
    assert response["Error"]["Message"] == ""
    assert reason in emulator.requests[-1].reason


def test_an_issuer_with_a_trailing_slash_is_another_issuer(emulator: Emulator, caller: Caller) -> None:
    """The comparison is exact."""
    token = emulator.mint("alice@example.com", iss=emulator.issuer + "/")

    assert refusal(caller.exchange, assertion=token) == INVALID_GRANT


def test_one_of_several_audiences_is_enough(emulator: Emulator, caller: Caller) -> None:
    """An `aud` may be a list."""
    token = emulator.mint("alice@example.com", aud=["somebody-else", emulator.client_id])

    assert caller.exchange(assertion=token)["accessToken"]


@pytest.mark.parametrize("token", ["", "not a JWT", "a.b.c"])
def test_a_text_that_is_not_a_jwt_is_refused(caller: Caller, token: str) -> None:
    """An empty assertion counts as missing."""
    expected = INVALID_GRANT if token else ("InvalidRequestException", 400)

    assert refusal(caller.exchange, assertion=token) == expected


def test_two_users_with_the_same_email_match_nobody(emulator: Emulator, caller: Caller) -> None:
    """The join key must find exactly one user."""
    users = emulator.directory.users
    users.append(replace(users[0], user_id="another"))

    assert refusal(caller.exchange) == INVALID_GRANT


def test_users_can_be_joined_by_another_attribute(emulator: Emulator, caller: Caller) -> None:
    """The trusted token issuer says which claim must equal what."""
    issuer = emulator.directory.application.issuer
    issuer.claim, issuer.attribute = "sub", "external_id"

    assert caller.exchange(assertion=emulator.mint("alice@example.com", email=None))["accessToken"]


def test_an_assertion_can_be_redeemed_once(emulator: Emulator, caller: Caller) -> None:
    """Its jti is remembered for 24 hours."""
    token = emulator.mint("alice@example.com", lifetime_s=100_000)
    caller.exchange(assertion=token)

    assert refusal(caller.exchange, assertion=token) == INVALID_GRANT

    emulator.advance(24 * 3600 - 60)

    assert refusal(caller.exchange, assertion=token) == INVALID_GRANT

    emulator.advance(61)

    assert caller.exchange(assertion=token)["accessToken"]


def test_of_fifty_parallel_exchanges_of_one_assertion_one_succeeds(emulator: Emulator, caller: Caller) -> None:
    """Looking up and remembering a jti is one step."""
    token, client = emulator.mint("alice@example.com"), caller.client("sso-oidc")

    def exchange(_: int) -> str:
        try:
            client.create_token_with_iam(
                clientId=emulator.directory.application_arn, grantType=JWT_BEARER, assertion=token
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "won"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(exchange, range(50)))

    assert outcomes.count("won") == 1
    assert outcomes.count("InvalidGrantException") == 49
    assert emulator.count("CreateTokenWithIAM", grant_type=JWT_BEARER, ok=True) == 1


def test_a_web_identity_call_does_not_redeem_the_token(emulator: Emulator, caller: Caller) -> None:
    """One identity token can open the caller's role and be exchanged."""
    token = emulator.mint("alice@example.com")
    session = caller.using(caller.assume_with_web_identity(token)["Credentials"])

    assert session.exchange(assertion=token)["accessToken"]
    assert emulator.requests[-1].signer == "arn:aws:sts::123456789012:assumed-role/tip-caller/alice"


def test_a_user_who_is_not_assigned_is_denied_without_a_message(emulator: Emulator, caller: Caller) -> None:
    """The refused call has redeemed the assertion; an application may also require no assignment."""
    token = emulator.mint("mallory@example.com")
    code, status, response = refused(caller.exchange, assertion=token)

    assert (code, status, response["Error"]["Message"]) == ("AccessDeniedException", 400, "")

    emulator.directory.application.assignment_required = False

    assert refusal(caller.exchange, assertion=token) == INVALID_GRANT
    assert caller.exchange("mallory@example.com")["accessToken"]


def test_a_caller_outside_of_the_actor_policy_is_denied(emulator: Emulator, caller: Caller) -> None:
    """An account's root in the policy means every principal of the account."""
    application = emulator.directory.application
    application.actors = set()

    assert refusal(caller.exchange) == ("AccessDeniedException", 400)

    application.actors = {"arn:aws:iam::123456789012:root"}

    assert caller.exchange()["accessToken"]


def test_a_session_of_a_role_outside_of_the_actor_policy_is_denied(emulator: Emulator, caller: Caller) -> None:
    """A session acts as its role, not as the user that assumed it."""
    stranger = Role(
        "arn:aws:iam::123456789012:role/stranger", "AROASTRANGER", trusted={emulator.directory.iam_user.arn}
    )
    emulator.directory.other_roles.append(stranger)

    assert refusal(caller.assume(stranger.arn).exchange) == ("AccessDeniedException", 400)


def test_an_unknown_application_is_an_invalid_client(caller: Caller) -> None:
    """With the 401 of the service model."""
    assert refusal(caller.exchange, clientId="arn:aws:sso::123456789012:application/ssoins-1/apl-1") == (
        "InvalidClientException",
        401,
    )


def test_a_call_to_the_wrong_region_is_told_the_right_one(emulator: Emulator, caller: Caller) -> None:
    """The region is that of the credential scope; the emulator can also give the other answer that users have seen."""
    caller.region = "us-east-1"
    code, status, response = refused(caller.exchange)

    assert (code, status) == ("InvalidRequestRegionException", 400)
    assert response["region"] == "eu-west-1"
    assert response["endpoint"] == "https://oidc.eu-west-1.amazonaws.com"

    emulator.directory.wrong_region_error = "InvalidClientException"

    assert refusal(caller.exchange) == ("InvalidClientException", 401)


@pytest.mark.parametrize("grant", ["password", "authorization_code"])
def test_a_grant_that_customer_managed_applications_cannot_have_is_not_supported(caller: Caller, grant: str) -> None:
    """Nor is an unknown grant."""
    code, status, response = refused(caller.create_token, grantType=grant, code="x", redirectUri="http://127.0.0.1/")

    assert (code, status) == ("UnsupportedGrantTypeException", 400)
    assert response["Error"]["Message"] == f"Grant type: {grant} not supported"


def test_a_grant_that_is_not_enabled_is_unauthorized(emulator: Emulator, caller: Caller) -> None:
    """Without the refresh_token grant there is no refresh token either."""
    refresh_token = caller.exchange()["refreshToken"]
    emulator.directory.application.grants = {JWT_BEARER}

    assert refusal(caller.refresh, refresh_token) == ("UnauthorizedClientException", 400)
    assert "refreshToken" not in caller.exchange()


@pytest.mark.parametrize(
    "asked",
    [
        {"grantType": JWT_BEARER},
        {"grantType": "refresh_token"},
        {"grantType": "urn:ietf:params:oauth:grant-type:token-exchange", "subjectToken": "x"},
    ],
)
def test_a_grant_without_its_parameter_is_an_invalid_request(caller: Caller, asked: dict[str, str]) -> None:
    """The message names the parameter."""
    code, status, response = refused(caller.create_token, **asked)

    assert (code, status) == ("InvalidRequestException", 400)
    assert "is required for this grant type" in response["Error"]["Message"]


def test_a_call_may_ask_for_fewer_scopes(caller: Caller) -> None:
    """There is no ID token without openid, and no context without its scope."""
    answer = caller.exchange(scope=["sso:account:access"])

    assert answer["scope"] == ["sso:account:access"]
    assert "idToken" not in answer
    assert "awsAdditionalDetails" not in answer


def test_a_scope_that_the_application_lacks_is_invalid(emulator: Emulator, caller: Caller) -> None:
    """The scope is checked before the assertion is redeemed."""
    token = emulator.mint("alice@example.com")

    assert refusal(caller.exchange, assertion=token, scope=["openid", "s3:all"]) == ("InvalidScopeException", 400)
    assert caller.exchange(assertion=token)["accessToken"]


def test_an_access_token_does_not_outlive_its_session(emulator: Emulator, caller: Caller) -> None:
    """`expiresIn` is the shorter of the two lifetimes."""
    emulator.directory.application.session_lifetime_s = 900

    assert caller.exchange()["expiresIn"] == 900


def test_old_keys_verify_until_they_are_retired(emulator: Emulator, caller: Caller) -> None:
    """A rotation does not invalidate older tokens."""
    first, second = emulator.mint("alice@example.com"), emulator.mint("alice@example.com")
    emulator.rotate_keys()

    assert caller.exchange(assertion=first)["accessToken"]

    emulator.rotate_keys(retire=True)

    assert refusal(caller.exchange, assertion=second) == INVALID_GRANT


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims
