"""STS: which caller gets a session of which role, for how long, and its identity."""

import json
import re
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl

import pytest
from emulator.aws_callers import CONTEXT_PROVIDER, Caller, identity_context, refusal, refused
from emulator.browsing import send
from service_limits import LONGEST_CONTEXT, LONGEST_SESSION_S, SHORTEST_SESSION_S, bounds

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import Role
from oidc_helper.settings.limits import limits


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


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}


@pytest.mark.parametrize(
    "policy",
    [
        "not JSON",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": "all"}',
        {"Version": "2012-10-18", "Statement": STATEMENT},
        {"Statement": STATEMENT, "Comment": "x"},
        {"Statement": {**STATEMENT, "Principal": "*"}},
        {"Statement": {**STATEMENT, "Effect": "allow"}},
        {"Statement": {**STATEMENT, "NotAction": "s3:*"}},
        {"Statement": {**STATEMENT, "Action": []}},
        {"Statement": {**STATEMENT, "Action": "GetObject"}},
        {"Statement": {**STATEMENT, "Resource": "reports/*"}},
        {"Statement": {**STATEMENT, "Resource": 5}},
        {"Statement": {**STATEMENT, "Condition": "now"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
    ],
)
def test_a_malformed_session_policy_is_refused(emulator: Emulator, caller: Caller, policy: Any) -> None:
    """In either operation that opens a role."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    expected = ("MalformedPolicyDocument", 400)

    assert refusal(caller.assume, emulator.directory.analytics_role_arn, Policy=text) == expected
    assert refusal(caller.assume_with_web_identity, emulator.mint("alice@example.com"), Policy=text) == expected


@pytest.mark.parametrize(
    "policy",
    [
        {"Version": "2012-10-17", "Statement": [STATEMENT, {"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"}]},
        {"Statement": {**STATEMENT, "Sid": "One", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}},
    ],
)
def test_a_right_session_policy_is_taken(emulator: Emulator, caller: Caller, policy: Any) -> None:
    """What it allows is not modelled."""
    assert caller.assume(emulator.directory.analytics_role_arn, Policy=json.dumps(policy)).identity()


def assumed(caller: Caller, **asked: Any) -> dict[str, Any]:
    """The answer of AssumeRole."""
    arn = caller.emulator.directory.analytics_role_arn
    answer: dict[str, Any] = caller.client("sts").assume_role(RoleArn=arn, RoleSessionName="alice", **asked)
    return answer


def test_a_session_token_tells_its_size(caller: Caller) -> None:
    """In bytes, and as a share of the most; a policy makes it longer, and a caller may ask for more."""
    plain = assumed(caller)
    narrowed = assumed(caller, Policy=json.dumps({"Statement": STATEMENT}))
    most = limits("sts", "AssumeRole", "MinimumSessionTokenSize").most
    if most is None:
        pytest.skip("this botocore does not know the sizes of session tokens")
    full = assumed(caller, MinimumSessionTokenSize=most)

    for answer in (plain, narrowed, full):
        assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    assert plain["SessionTokenSize"] < narrowed["SessionTokenSize"]
    assert (full["SessionTokenSize"], full["SessionTokenUtilization"], full["PackedPolicySize"]) == (most, 100, 100)


def test_a_session_token_that_would_be_too_long_is_refused(caller: Caller) -> None:
    """Tags and policies count together."""
    if limits("sts", "AssumeRole", "MinimumSessionTokenSize").most is None:
        pytest.skip("this botocore does not know the sizes of session tokens")
    tags = [{"Key": f"key-{number}", "Value": token_hex(100)} for number in range(50)]

    assert refusal(assumed, caller, Tags=tags) == ("PackedPolicyTooLarge", 400)


def test_a_source_identity_stays_the_same_along_a_chain_of_roles(emulator: Emulator, caller: Caller) -> None:
    """The first session names it; a later one may repeat it, and no more."""
    directory = emulator.directory
    directory.analytics_role.trusted.add(directory.analytics_role_arn)

    assert "SourceIdentity" not in assumed(caller)
    assert assumed(caller, SourceIdentity="alice")["SourceIdentity"] == "alice"

    session = caller.assume(directory.analytics_role_arn, SourceIdentity="alice")

    assert assumed(session)["SourceIdentity"] == assumed(session, SourceIdentity="alice")["SourceIdentity"] == "alice"
    assert refusal(assumed, session, SourceIdentity="bob") == ("AccessDenied", 403)


def test_a_source_identity_may_come_from_the_identity_provider(emulator: Emulator, caller: Caller) -> None:
    """In a claim of its own."""
    claim: dict[str, Any] = {"https://aws.amazon.com/source_identity": "alice"}
    token = emulator.mint("alice@example.com", **claim)

    assert refusal(caller.assume_with_web_identity, token) == ("AccessDenied", 403)

    emulator.directory.caller_role.allows_source_identity = True

    assert caller.assume_with_web_identity(token)["SourceIdentity"] == "alice"

    claim["https://aws.amazon.com/source_identity"] = "aws:alice"
    token = emulator.mint("alice@example.com", **claim)

    assert refusal(caller.assume_with_web_identity, token) == ("InvalidIdentityToken", 400)


@pytest.mark.parametrize(
    ("permission", "asked", "action"),
    [
        ("allows_source_identity", {"SourceIdentity": "alice"}, "sts:SetSourceIdentity"),
        ("allows_session_tags", {"Tags": [{"Key": "team", "Value": "a"}]}, "sts:TagSession"),
    ],
)
def test_the_trust_policy_must_allow_what_a_session_is_given(
    emulator: Emulator, caller: Caller, permission: str, asked: dict[str, Any], action: str
) -> None:
    """An action of its own for each, as for the identity context."""
    assert assumed(caller, **asked)["Credentials"]

    setattr(emulator.directory.analytics_role, permission, False)
    code, _, response = refused(assumed, caller, **asked)

    assert (code, action in response["Error"]["Message"]) == ("AccessDenied", True)


def test_an_identity_enhanced_session_may_do_little(emulator: Emulator, caller: Caller) -> None:
    """STS attaches a policy that denies the exchange and another role, whatever other policies allow."""
    directory = emulator.directory
    directory.application.actors.add(directory.analytics_role_arn)
    directory.analytics_role.trusted.add(directory.analytics_role_arn)
    plain = caller.assume(directory.analytics_role_arn)
    enhanced = caller.assume_with_context(identity_context(caller.exchange()))

    assert plain.exchange()["accessToken"]
    assert assumed(plain)["Credentials"]
    assert enhanced.identity()["Arn"].endswith("/alice")
    assert refusal(enhanced.exchange) == ("AccessDeniedException", 400)

    code, status, response = refused(assumed, enhanced)

    assert (code, status) == ("AccessDenied", 403)
    assert response["Error"]["Message"].endswith("with an explicit deny in a session policy")


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("Action=GetCallerIdentity&Version=2011-06-15", {}),
        ("Action=GetCallerIdentity", {"Version": "2011-06-15"}),
        ("", {"Action": "GetCallerIdentity", "Version": "2011-06-15"}),
    ],
)
def test_the_operation_may_be_named_in_the_query(emulator: Emulator, query: str, form: dict[str, str]) -> None:
    """Or in the body, or half in each."""
    page = send(f"{emulator.url}/?{query}", form)

    assert "<Code>MissingAuthenticationToken</Code>" in page.text


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("Version=2011-06-15", "MissingAction", ""),
        ("Action=GetCallerIdentity", "InvalidAction", "GetCallerIdentity for version NO_VERSION_SPECIFIED"),
        ("Action=Get&Version=2011-06-15", "InvalidAction", "Get for version 2011-06-15"),
        ("Action=GetCallerIdentity&Version=2012-06-15", "InvalidAction", "GetCallerIdentity for version 2012-06-15"),
    ],
)
def test_another_operation_or_version_is_none(emulator: Emulator, query: str, code: str, message: str) -> None:
    """By GET as by POST."""
    for page in (send(f"{emulator.url}/?{query}"), send(emulator.url + "/", dict(parse_qsl(query)))):
        assert page.status == 400
        assert f"<Code>{code}</Code>" in page.text
        assert message in page.text


def test_sts_answers_in_json_where_it_is_accepted(emulator: Emulator, caller: Caller) -> None:
    """As the authenticator of EKS asks for."""
    url = caller.client("sts").generate_presigned_url("get_caller_identity", {}, 60, "GET")
    answer = send(url, headers={"Accept": "application/json"}).json["GetCallerIdentityResponse"]

    assert answer["GetCallerIdentityResult"]["Arn"] == emulator.directory.iam_user.arn
