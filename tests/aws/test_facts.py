"""What we rely on at AWS: each fact with its evidence, and the tests that hold the code and the emulator to it.

Nothing here reaches AWS. What is documented nowhere may be one way or another: the emulator has a switch for it, and
the code works with either.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.model import StructureShape
from emulator.aws_callers import service_model
from service_limits import LONGEST_CONTEXT, LONGEST_SESSION_S

from oidc_helper.settings.limits import limits

TESTS = Path(__file__).parents[1]
TREE = TESTS.parent
MODEL, AWS, SEEN, UNKNOWN = "service model", "AWS document or sample", "seen by users", "documented nowhere"


class Fact(NamedTuple):
    """A fact, the evidence for it, and the tests that hold `code` or `emulator` to it, as `file::name`."""

    fact: str
    evidence: str
    tests: tuple[str, ...]


_STS, _PORTAL, _S3 = (
    "emulator/test_emulator_sts.py",
    "emulator/test_emulator_portal.py",
    "emulator/test_emulator_s3_access_grants.py",
)
_TOKEN, _REFRESH, _CODE = (
    "emulator/test_emulator_create_token.py",
    "emulator/test_emulator_refresh_and_exchange.py",
    "emulator/test_emulator_authorization_code.py",
)
_ORDER, _REFUSALS, _LOST = "fetch/test_fetch_order.py", "aws/test_aws_refusals.py", "fetch/test_lost_answers.py"
_GIVEN, _BUILDER = "emulator/test_emulator_account_access.py", "fetch/test_account_access.py"
_SIGNATURES = "emulator/test_emulator_signatures.py"
_MODELS, _MANUAL = "emulator/test_emulator_service_models.py", "create_token_with_iam/test_operation_manual.py"

FACTS = (
    # CreateTokenWithIAM
    Fact(
        "CreateTokenWithIAM has these parameters, and a newer model may add some",
        MODEL,
        (
            f"{_MANUAL}::test_every_parameter_belongs_to_a_grant",
            f"{_MANUAL}::test_the_page_is_found_to_lack_a_parameter_of_a_newer_botocore",
            "create_token_with_iam/test_operation_secrets.py::test_a_parameter_of_a_newer_botocore_is_an_option_and_a_secret",
        ),
    ),
    Fact(
        "each of its errors has an HTTP status and an OAuth name",
        MODEL,
        (
            f"{_MODELS}::test_the_table_of_oauth_errors_is_complete",
            f"{_MODELS}::test_every_error_of_create_token_with_iam_can_be_ordered",
        ),
    ),
    Fact(
        "AccessDenied and InvalidRequest have reasons, which speak of the customer managed key",
        MODEL,
        (
            f"{_REFUSALS}::test_every_reason_of_the_service_model_is_printed_and_explained",
            f"{_REFUSALS}::test_a_reason_that_nobody_knows_is_printed",
        ),
    ),
    Fact(
        "it is not idempotent, and botocore would send it again",
        MODEL,
        (
            f"{_LOST}::test_a_token_whose_answer_is_lost_is_not_sent_again",
            "create_token_with_iam/test_operation_errors.py::test_a_request_is_sent_once",
        ),
    ),
    Fact(
        "a throttled or refused request has used nothing up",
        AWS,
        (
            f"{_LOST}::test_a_token_that_was_turned_away_unread_can_be_sent",
            f"{_LOST}::test_a_token_that_was_refused_can_be_sent_once_it_is_welcome",
            f"{_REFUSALS}::test_what_was_turned_away_unread_may_be_sent_again",
        ),
    ),
    Fact(
        "an application is called in its region, and a wrong call is told which",
        MODEL,
        (
            f"{_TOKEN}::test_a_call_to_the_wrong_region_is_told_the_right_one",
            f"{_REFUSALS}::test_the_hint_names_the_region_that_the_service_names",
        ),
    ),
    Fact(
        "a token counts once: its jti is remembered",
        SEEN,
        (
            f"{_TOKEN}::test_an_assertion_can_be_redeemed_once",
            f"{_TOKEN}::test_of_fifty_parallel_exchanges_of_one_assertion_one_succeeds",
            "fetch/test_parallel.py::test_thirty_processes_share_one_exchange",
        ),
    ),
    Fact("for a day", SEEN, ("fetch/test_single_use.py::test_a_mark_outlives_the_token_by_a_day",)),
    Fact(
        "AssumeRoleWithWebIdentity does not redeem the token",
        AWS,
        (
            f"{_TOKEN}::test_a_web_identity_call_does_not_redeem_the_token",
            f"{_ORDER}::test_an_access_token_that_ends_is_refreshed_with_no_new_identity_token",
        ),
    ),
    Fact(
        "the issuer is compared letter for letter",
        SEEN,
        (f"{_TOKEN}::test_an_issuer_with_a_trailing_slash_is_another_issuer",),
    ),
    Fact("the claim must match exactly one user", AWS, (f"{_TOKEN}::test_two_users_with_the_same_email_match_nobody",)),
    Fact(
        "a user who is not assigned is denied without a message",
        SEEN,
        (f"{_TOKEN}::test_a_user_who_is_not_assigned_is_denied_without_a_message",),
    ),
    Fact(
        "customer managed applications cannot have authorization_code",
        SEEN,
        (
            f"{_TOKEN}::test_a_grant_that_customer_managed_applications_cannot_have_is_not_supported",
            f"{_CODE}::test_a_customer_managed_application_cannot_sign_users_in",
        ),
    ),
    Fact(
        "an application's default scopes come unasked, and fewer may be asked for",
        MODEL,
        (
            f"{_TOKEN}::test_an_assertion_becomes_tokens_with_all_scopes_of_the_application",
            f"{_TOKEN}::test_a_call_may_ask_for_fewer_scopes",
            f"{_REFRESH}::test_a_refresh_may_ask_for_fewer_scopes_than_were_granted_not_for_more",
        ),
    ),
    Fact(
        "a subject token has this application as its audience",
        MODEL,
        (
            f"{_REFRESH}::test_a_token_with_this_application_as_audience_is_exchanged",
            f"{_REFRESH}::test_a_token_with_another_audience_cannot_be_exchanged",
        ),
    ),
    Fact(
        "a refresh token works until the session ends",
        AWS,
        (
            f"{_REFRESH}::test_a_refresh_ends_with_the_session",
            f"{_ORDER}::test_a_session_that_is_over_takes_a_new_identity_token",
        ),
    ),
    Fact(
        "whether a refresh token rotates",
        UNKNOWN,
        (
            f"{_REFRESH}::test_a_replaced_refresh_token_is_an_invalid_grant",
            f"{_REFRESH}::test_without_rotation_the_old_refresh_token_stays",
        ),
    ),
    Fact(
        "whether a refresh brings a new context",
        UNKNOWN,
        (
            f"{_REFRESH}::test_a_refresh_may_come_without_a_fresh_context",
            f"{_ORDER}::test_a_context_that_a_refresh_does_not_mend_takes_a_new_proof",
        ),
    ),
    Fact(
        "whether any port of a loopback redirect fits",
        UNKNOWN,
        (f"{_CODE}::test_the_port_of_a_redirect_must_match_unless_the_application_allows_any",),
    ),
    # STS
    Fact(
        "a stale, foreign or garbled context is InvalidContextAssertion",
        MODEL,
        (
            f"{_STS}::test_an_invented_context_or_provider_is_refused",
            f"{_STS}::test_a_context_expires_with_its_access_token",
            f"{_ORDER}::test_an_identity_context_that_is_stale_is_refreshed",
            f"{_ORDER}::test_the_context_of_a_new_sign_in_that_is_refused_is_refreshed_too",
            f"{_ORDER}::test_a_context_that_nothing_mends_is_told_once_all_was_tried",
        ),
    ),
    Fact(
        "how long a context may be used",
        UNKNOWN,
        (
            f"{_STS}::test_a_context_may_expire_before_its_access_token",
            f"{_ORDER}::test_an_access_token_outlives_its_context",
        ),
    ),
    Fact(
        "how long a context may be",
        MODEL,
        (
            f"{_STS}::test_a_context_may_have_the_full_length_that_sts_takes",
            f"{_STS}::test_a_value_outside_of_the_models_constraints_is_a_validation_error",
        ),
    ),
    Fact(
        "a session token that would be too large is PackedPolicyTooLarge",
        MODEL,
        (
            f"{_REFUSALS}::test_a_refusal_is_told_with_what_mends_it",
            f"{_MODELS}::test_every_error_of_the_other_services_can_be_ordered",
        ),
    ),
    Fact(
        "a duration has limits, a role its own, and one from a role an hour",
        MODEL,
        (
            f"{_STS}::test_no_session_is_longer_than_its_role_allows",
            f"{_STS}::test_a_chained_session_lasts_an_hour_at_most",
            "settings/test_settings_values.py::test_a_wrong_value_is_named_with_its_right_form",
        ),
    ),
    Fact(
        "a context takes sts:SetContext in the trust policy",
        AWS,
        (f"{_STS}::test_an_identity_context_needs_set_context_in_the_trust_policy",),
    ),
    Fact(
        "an identity-enhanced session may do no more than a managed policy exempts: it cannot exchange or chain",
        AWS,
        (f"{_STS}::test_an_identity_enhanced_session_may_do_little",),
    ),
    Fact(
        "a source identity and session tags each take an action of the trust policy",
        AWS,
        (
            f"{_STS}::test_the_trust_policy_must_allow_what_a_session_is_given",
            f"{_STS}::test_a_source_identity_stays_the_same_along_a_chain_of_roles",
        ),
    ),
    Fact(
        "a malformed session policy is MalformedPolicyDocument",
        MODEL,
        (f"{_STS}::test_a_malformed_session_policy_is_refused",),
    ),
    Fact(
        "what makes a session token longer, and how long it may be",
        UNKNOWN,
        (
            f"{_STS}::test_a_session_token_tells_its_size",
            f"{_STS}::test_a_session_token_that_would_be_too_long_is_refused",
        ),
    ),
    # signatures
    Fact(
        "clocks may differ by 15 minutes, as messages of STS say, or by 5, as older ones and other services do",
        SEEN,
        (f"{_SIGNATURES}::test_how_much_clocks_may_differ_can_be_set",),
    ),
    Fact(
        "STS answers presigned calls, and does not heed how long they are good",
        SEEN,
        (
            f"{_SIGNATURES}::test_a_presigned_call_to_sts_is_answered",
            f"{_SIGNATURES}::test_sts_does_not_heed_how_long_a_presigned_call_is_good",
        ),
    ),
    Fact(
        "S3 takes an unsigned body, and wants to be told the hash of any other",
        AWS,
        (
            f"{_SIGNATURES}::test_an_unsigned_body_is_for_s3_alone",
            f"{_SIGNATURES}::test_s3_wants_the_hash_of_the_body",
        ),
    ),
    # the portal, S3 Access Grants
    Fact(
        "the portal answers 20 requests a second",
        SEEN,
        (f"{_PORTAL}::test_the_portal_answers_as_many_requests_a_second_as_it_is_told",),
    ),
    Fact(
        "an instance may demand VPC endpoints; with which words it refuses is not documented",
        UNKNOWN,
        (f"{_PORTAL}::test_an_instance_that_demands_a_vpc_endpoint_refuses_everybody",),
    ),
    Fact(
        "SDKs put the account in front of the host of S3 Control",
        MODEL,
        ("emulator/test_emulator_clients.py::test_a_client_of_aws_goes_from_an_identity_token_to_credentials",),
    ),
    Fact(
        "the expiration of a permission set's credentials is in milliseconds",
        MODEL,
        (f"{_PORTAL}::test_the_expiration_is_in_milliseconds",),
    ),
    Fact(
        "a bad or expired access token is unauthorized, and a missing assignment not found",
        MODEL,
        (
            f"{_PORTAL}::test_a_token_that_does_not_open_the_portal_is_unauthorized",
            f"{_PORTAL}::test_a_permission_set_without_assignment_is_not_found",
            f"{_ORDER}::test_an_access_token_that_is_refused_early_is_refreshed",
        ),
    ),
    Fact("accounts and their roles come in pages", MODEL, (f"{_PORTAL}::test_long_lists_come_in_pages",)),
    Fact("Logout ends the session", MODEL, (f"{_PORTAL}::test_logout_ends_the_session_and_no_other",)),
    Fact(
        "GetDataAccess needs an identity-enhanced session",
        AWS,
        (
            f"{_S3}::test_a_plain_role_session_has_no_grant",
            f"{_ORDER}::test_an_s3_access_grant_comes_on_top_of_the_role_session",
        ),
    ),
    # account access manager
    Fact(
        "its errors are unauthorized, access denied, invalid and throttled; the first means the access token",
        MODEL,
        (
            f"{_GIVEN}::test_what_is_not_given_is_refused",
            f"{_GIVEN}::test_a_token_ends_with_its_session",
            f"{_BUILDER}::test_a_refusal_says_what_to_do",
            f"{_BUILDER}::test_a_token_that_is_refused_is_renewed_once",
            "profiles/test_profiles_list.py::test_account_access_manager_gets_another_token_too",
        ),
    ),
    Fact(
        "roles come in pages",
        MODEL,
        (f"{_GIVEN}::test_a_person_sees_the_roles_of_a_tenant_in_pages",),
    ),
    Fact(
        "listing takes the scope account_access:read_only, and opening a role account_access:assume",
        AWS,
        (
            f"{_GIVEN}::test_each_operation_has_its_scope",
            f"{_BUILDER}::test_an_application_without_the_scope_is_told_its_name",
        ),
    ),
    Fact(
        "a session lasts as long as its role allows, or what is asked for, also beyond an hour",
        AWS,
        (
            f"{_GIVEN}::test_a_session_lasts_as_long_as_the_role_allows_unless_it_is_asked_for_less",
            f"{_BUILDER}::test_the_settings_of_a_role_session_count",
        ),
    ),
    Fact(
        "whether a customer managed application may have these scopes",
        UNKNOWN,
        (f"{_BUILDER}::test_an_application_without_the_scope_is_told_its_name",),
    ),
)


@functools.cache
def names_in(file: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse((TESTS / file).read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.fact)
def test_each_fact_is_held_by_tests(fact: Fact) -> None:
    """A test that is renamed or goes takes its fact with it only knowingly."""
    assert fact.evidence in (MODEL, AWS, SEEN, UNKNOWN)
    assert fact.tests
    for named in fact.tests:
        file, _, name = named.partition("::")
        assert name in names_in(file), named


def test_the_errors_that_code_knows_are_those_of_the_service_model() -> None:
    """Their codes on the wire, as far as this botocore has them."""
    errors: dict[str, Any] = {
        shape.name: shape.metadata["error"] for shape in service_model("sts").operation_model("AssumeRole").error_shapes
    }

    assert errors["PackedPolicyTooLargeException"]["code"] == "PackedPolicyTooLarge"
    stale = errors.get("InvalidContextAssertionException", {"code": "InvalidContextAssertion", "httpStatusCode": 400})
    assert (stale["code"], stale["httpStatusCode"]) == ("InvalidContextAssertion", 400)


def test_limits_are_those_of_botocore() -> None:
    """They are read from its data without importing it, from a layout that it has not promised."""
    shape: Any = service_model("sts").operation_model("AssumeRole").input_shape
    context = shape.members["ProvidedContexts"].member.members["ContextAssertion"]

    assert shape.members["DurationSeconds"].metadata["max"] == LONGEST_SESSION_S
    assert context.metadata["max"] == LONGEST_CONTEXT
    name = shape.members["RoleSessionName"].metadata
    assert limits("sts", "AssumeRole", "RoleSessionName") == (name["min"], name["max"], name["pattern"])


@pytest.mark.parametrize("place", [("nothing", "Else"), ("sts", "Else"), ("sts", "AssumeRole", "Else")])
def test_where_botocore_knows_no_limit_there_is_none(place: tuple[str, ...]) -> None:
    """The service has the last word."""
    assert limits(place[0], *place[1:]) == (None, None, None)


CALLS = {
    "sts": ("AssumeRole", "AssumeRoleWithWebIdentity"),
    "sso": ("GetRoleCredentials", "ListAccounts", "ListAccountRoles", "Logout"),
    "s3control": ("GetDataAccess",),
}
_TELLING = 500  # smaller numbers are everywhere
_PLACES = ("oidc_helper/settings", "oidc_helper/aws", "oidc_helper/fetch", "oidc_helper/emulator/aws", "man")
_OTHERS = ("tests/aws", "tests/settings", "tests/emulator", "tests/fetch")
# A number that means something else -> what.
ELSE = {
    ("man/oidc-helper.1", 900): "seconds of a session of the console, which no model has",
    ("man/oidc-helper.1", 43_200): "likewise",
    ("man/oidc-helper-deploy.7", 2_000): "keys of a user in the kernel",
    ("man/oidc-helper-deploy.7", 20_000): "bytes of a user in the kernel",
    ("man/oidc-helper-jobs.7", 900): "seconds that a gate asks for",
    ("tests/aws/test_console.py", 900): "seconds of a session of the console",
    ("oidc_helper/aws/console.py", 900): "seconds for which the address of a console is good",
    ("oidc_helper/emulator/aws/signin.py", 900): "likewise, and of a session of the console",
    ("oidc_helper/emulator/aws/signin.py", 43_200): "seconds of a session of the console",
    ("oidc_helper/aws/credentials.py", 900): "seconds before the end, from which SDKs call again",
    ("tests/emulator/test_emulator_create_token.py", 900): "seconds of a short session at Identity Center",
    ("tests/fetch/test_fetch_order.py", 900): "seconds before the end, from which SDKs call again",
    ("tests/settings/test_settings_values.py", 20_000): "digits of a number without sense",
    ("tests/settings/writing/test_writing_tables.py", 2_000): "profiles of a large file",
}


def modelled_numbers() -> set[int]:
    """The limits of all parameters of our calls."""
    return {
        number
        for service, operations in CALLS.items()
        for operation in operations
        for number in _numbers(service_model(service).operation_model(operation).input_shape)
        if number >= _TELLING
    }


def _numbers(shape: Any) -> Iterator[int]:
    yield from (shape.metadata[end] for end in ("min", "max") if end in shape.metadata)
    members = shape.members.values() if isinstance(shape, StructureShape) else [getattr(shape, "member", None)]
    for member in members:
        if member is not None:
            yield from _numbers(member)


def test_no_number_of_a_service_model_is_repeated() -> None:
    """AWS changed one, and what had repeated it was wrong: code, emulator, manuals and tests ask the model."""
    modelled, found = modelled_numbers(), set()
    for file in (file for place in (*_PLACES, *_OTHERS) for file in (TREE / place).rglob("*") if file.is_file()):
        if file.suffix == ".pyc" or file == Path(__file__) or "node_modules" in file.parts:
            continue
        written = re.findall(r"(?<![\w.])\d[\d_,]*\d(?!\w)", file.read_text(encoding="utf-8"))
        numbers = {int(re.sub("[_,]", "", number)) for number in written}
        found |= {(str(file.relative_to(TREE)), number) for number in numbers & modelled}

    assert LONGEST_CONTEXT in modelled
    assert found - ELSE.keys() == set()
