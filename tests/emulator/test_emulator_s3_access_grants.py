"""GetDataAccess: the grants of a user, and the credentials for them."""

from typing import Any

import pytest
from emulator.aws_callers import Caller, identity_context, refusal

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.aws.service_model import operation
from oidc_helper.emulator.directory import S3Grant

DENIED = ("AccessDenied", 403)


def test_a_grant_gives_credentials_to_the_identity_enhanced_session(caller: Caller) -> None:
    """They belong to a session of their own."""
    answer = _ask(_session(caller))

    assert answer["MatchedGrantTarget"] == "s3://reports/*"
    assert answer["Grantee"]["GranteeType"] == "DIRECTORY_USER"
    assert caller.using(answer["Credentials"]).identity()["Account"] == "123456789012"


def test_minimal_privilege_covers_the_target_alone(caller: Caller) -> None:
    """The default privilege covers the whole grant."""
    assert _ask(_session(caller), Privilege="Minimal")["MatchedGrantTarget"] == "s3://reports/2026/*"


def test_a_plain_role_session_has_no_grant(emulator: Emulator, caller: Caller) -> None:
    """The grant is the person's, not the role's."""
    assert refusal(_ask, caller.assume(emulator.directory.analytics_role_arn)) == DENIED


@pytest.mark.parametrize(
    "asked",
    [{"Permission": "WRITE"}, {"Permission": "READWRITE"}, {"Target": "s3://other/*"}, {"AccountId": "111122223333"}],
)
def test_access_beyond_the_grant_is_denied(caller: Caller, asked: dict[str, str]) -> None:
    """Another permission, another place, another account."""
    assert refusal(_ask, _session(caller), **asked) == DENIED


def test_a_user_without_grant_is_denied(caller: Caller) -> None:
    """Only Alice has a grant."""
    assert refusal(_ask, _session(caller, "bob@example.com")) == DENIED


def test_readwrite_covers_read_and_write(emulator: Emulator, caller: Caller) -> None:
    """And READWRITE itself."""
    grant = emulator.directory.s3_grants[0]
    emulator.directory.s3_grants[:] = [S3Grant(grant.user_id, grant.scope, "READWRITE")]
    session = _session(caller)

    for permission in ("READ", "WRITE", "READWRITE"):
        assert _ask(session, Permission=permission)["Credentials"]


def test_a_duration_out_of_bounds_is_an_invalid_request(caller: Caller) -> None:
    """The bounds are those of the service model."""
    request: Any = operation("s3control", "GetDataAccess").input_shape
    longest = request.members["DurationSeconds"].metadata["max"]

    assert refusal(_ask, _session(caller), DurationSeconds=longest + 1) == ("InvalidRequest", 400)


def _session(caller: Caller, email: str = "alice@example.com") -> Caller:
    return caller.assume_with_context(identity_context(caller.exchange(email)))


def _ask(caller: Caller, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = caller.client("s3control").get_data_access(
        **{"AccountId": "123456789012", "Target": "s3://reports/2026/*", "Permission": "READ", **asked}
    )
    return answer
