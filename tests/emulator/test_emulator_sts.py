"""STS: which caller gets a session of which role, for how long, and its identity."""

import re
from typing import Any

import pytest
from emulator.aws_callers import CONTEXT_PROVIDER, Caller, identity_context, refusal, refused
from service_limits import LONGEST_CONTEXT, LONGEST_SESSION_S, SHORTEST_SESSION_S, bounds

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Role


def test_credentials_look_like_those_of_aws(emulator: Emulator, caller: Caller) -> None:
    """Programs check the form of an access key id, and have buffers of limited size for session tokens."""
    credentials = caller.assume_with_web_identity(emulator.mint("alice@example.com"))["Credentials"]

    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", credentials["AccessKeyId"])
    assert len(credentials["SecretAccessKey"]) == 40
    assert 300 < len(credentials["SessionToken"]) < 1000


def test_a_web_identity_opens_the_callers_role(emulator: Emulator, caller: Caller) -> None:
    """The answer names provider, audience and subject of the token."""
    token = emulator.mint("alice@example.com")
    answer = caller.assume_with_web_identity(token)

    assert (answer["Provider"], answer["Audience"]) == (emulator.issuer, emulator.client_id)
    assert answer["SubjectFromWebIdentityToken"] == "00u-alice"

    identity = caller.using(answer["Credentials"]).identity()

    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/tip-caller/alice"
    assert identity["UserId"] == f"{emulator.directory.caller_role.role_id}:alice"


def test_an_es256_token_is_good_for_sts(emulator: Emulator, caller: Caller) -> None:
    """IAM accepts more algorithms than Identity Center."""
    assert caller.assume_with_web_identity(emulator.mint("alice@example.com", alg="ES256"))


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"key": "other"}, "InvalidIdentityToken"),
        ({"iss": "https://elsewhere.example.com"}, "InvalidIdentityToken"),
        ({"aud": "somebody-else"}, "InvalidIdentityToken"),
        ({"aud": None}, "InvalidIdentityToken"),
        ({"azp": "somebody-else"}, "InvalidIdentityToken"),
        ({"iat": None}, "InvalidIdentityToken"),
        ({"sub": None}, "InvalidIdentityToken"),
        ({"aud": [{}, 5]}, "InvalidIdentityToken"),
        ({"exp": "tomorrow"}, "InvalidIdentityToken"),
        ({"lifetime_s": -1}, "ExpiredTokenException"),
    ],
)
def test_a_bad_web_identity_is_refused(
    emulator: Emulator, caller: Caller, overrides: dict[str, Any], code: str
) -> None:
    """An expired token has an error of its own."""
    token = emulator.mint("alice@example.com", **overrides)

    assert refusal(caller.assume_with_web_identity, token) == (code, 400)


def test_a_role_that_does_not_trust_the_web_identity_denies_access(emulator: Emulator, caller: Caller) -> None:
    """So does a role that does not exist."""
    token = emulator.mint("alice@example.com")
    for arn in (emulator.directory.analytics_role_arn, "arn:aws:iam::123456789012:role/nobody"):
        code, status, response = refused(caller.assume_with_web_identity, token, RoleArn=arn)
        assert (code, status) == ("AccessDenied", 403)
        assert response["Error"]["Message"] == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def test_an_assumed_session_expires(emulator: Emulator, caller: Caller) -> None:
    """After the requested time."""
    session = caller.assume(emulator.directory.analytics_role_arn, DurationSeconds=SHORTEST_SESSION_S)
    emulator.advance(SHORTEST_SESSION_S - 5)
    session.identity()
    emulator.advance(6)

    assert refusal(session.identity) == ("ExpiredToken", 403)


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:role/nobody", "arn:aws:iam::123456789012:role/tip-caller"])
def test_a_role_that_does_not_trust_the_caller_denies_access(caller: Caller, arn: str) -> None:
    """The message names the caller, the action and the role."""
    code, status, response = refused(caller.assume, arn)

    assert (code, status) == ("AccessDenied", 403)
    assert response["Error"]["Message"] == (
        "User: arn:aws:iam::123456789012:user/tip-caller is not authorized to perform: sts:AssumeRole "
        f"on resource: {arn}"
    )


@pytest.mark.parametrize(
    ("asked", "constraint"),
    [
        (
            {"DurationSeconds": SHORTEST_SESSION_S - 1},
            "'durationSeconds' failed to satisfy constraint: Member must have value greater",
        ),
        (
            {"DurationSeconds": LONGEST_SESSION_S + 1},
            "'durationSeconds' failed to satisfy constraint: Member must have value less",
        ),
        ({"RoleSessionName": "a b"}, "'roleSessionName' failed to satisfy constraint: Member must satisfy regular"),
        (
            {"RoleSessionName": "a" * (bounds("sts", "AssumeRole", "RoleSessionName")[1] + 1)},
            "'roleSessionName' failed to satisfy constraint: Member must have length less",
        ),
        (
            {"ProvidedContexts": [{"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": "a" * (LONGEST_CONTEXT + 1)}]},
            "'providedContexts.1.member.contextAssertion' failed to satisfy constraint: Member must have length less",
        ),
    ],
    ids=["a short duration", "a long duration", "a blank in the name", "a long name", "a long context"],
)
def test_a_value_outside_of_the_models_constraints_is_a_validation_error(
    emulator: Emulator, caller: Caller, asked: dict[str, Any], constraint: str
) -> None:
    """In AWS's words, with the path to the value."""
    code, status, response = refused(caller.assume, emulator.directory.analytics_role_arn, **asked)

    assert (code, status) == ("ValidationError", 400)
    assert constraint in response["Error"]["Message"]


def test_a_chained_session_lasts_an_hour_at_most(emulator: Emulator, caller: Caller) -> None:
    """An IAM user may have the longest that there is."""
    arn = emulator.directory.analytics_role_arn

    assert caller.assume(arn, DurationSeconds=LONGEST_SESSION_S).identity()

    web = caller.using(caller.assume_with_web_identity(emulator.mint("alice@example.com"))["Credentials"])
    code, status, response = refused(web.assume, arn, DurationSeconds=3601)

    assert (code, status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in response["Error"]["Message"]
    assert web.assume(arn, DurationSeconds=3600).identity()


def test_no_session_is_longer_than_its_role_allows(emulator: Emulator, caller: Caller) -> None:
    """Each role has a maximum of its own."""
    emulator.directory.analytics_role.longest_session_s = 3600
    code, _, response = refused(caller.assume, emulator.directory.analytics_role_arn, DurationSeconds=7200)

    assert code == "ValidationError"
    assert "MaxSessionDuration" in response["Error"]["Message"]


def test_an_identity_context_needs_set_context_in_the_trust_policy(emulator: Emulator, caller: Caller) -> None:
    """sts:AssumeRole alone is not enough."""
    context = identity_context(caller.exchange())
    emulator.directory.analytics_role.allows_set_context = False

    assert caller.assume(emulator.directory.analytics_role_arn)

    code, status, response = refused(caller.assume_with_context, context)

    assert (code, status) == ("AccessDenied", 403)
    assert "sts:SetContext" in response["Error"]["Message"]


@pytest.mark.parametrize(
    ("provider", "context"),
    [(CONTEXT_PROVIDER, "invented"), ("arn:aws:iam::aws:contextProvider/Other", None)],
    ids=["a garbled context", "a foreign provider"],
)
def test_an_invented_context_or_provider_is_refused(
    emulator: Emulator, caller: Caller, provider: str, context: str | None
) -> None:
    """Only what Identity Center issued counts, and only as its own; the service model has one error for all."""
    real = identity_context(caller.exchange())
    provided = [{"ProviderArn": provider, "ContextAssertion": context or real}]
    arn = emulator.directory.analytics_role_arn

    assert refusal(caller.assume, arn, ProvidedContexts=provided) == ("InvalidContextAssertion", 400)


def test_a_context_expires_with_its_access_token(emulator: Emulator, caller: Caller) -> None:
    """AWS does not document how long it is valid, but it is not longer."""
    context = identity_context(caller.exchange())
    emulator.advance(3601)

    assert refusal(caller.assume_with_context, context) == ("InvalidContextAssertion", 400)


def test_a_context_may_expire_before_its_access_token(emulator: Emulator, caller: Caller) -> None:
    """For clients that keep one; the sessions that it opened go on."""
    emulator.directory.application.context_lifetime_s = 60
    context = identity_context(caller.exchange())
    session = caller.assume_with_context(context)
    emulator.advance(61)

    assert refusal(caller.assume_with_context, context) == ("InvalidContextAssertion", 400)
    assert session.identity()


def test_a_context_may_have_the_full_length_that_sts_takes(emulator: Emulator, caller: Caller) -> None:
    """Which is that of the service model, and has grown before."""
    emulator.directory.application.longest_contexts = True
    context = identity_context(caller.exchange())

    assert len(context) == LONGEST_CONTEXT
    assert caller.assume_with_context(context).identity()


def test_a_path_is_no_part_of_a_sessions_name(emulator: Emulator, caller: Caller) -> None:
    """Like in AWS's ARNs of sessions."""
    user = emulator.directory.iam_user.arn
    role = Role("arn:aws:iam::123456789012:role/teams/data/reader", "AROAREADER", trusted={user})
    emulator.directory.other_roles.append(role)

    assert caller.assume(role.arn).identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/reader/alice"


def test_other_operations_are_unknown(caller: Caller) -> None:
    """The emulator refuses operations that it does not have."""
    assert refusal(caller.client("sts").get_session_token) == ("InvalidAction", 400)
