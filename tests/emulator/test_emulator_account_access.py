"""Account access manager's runtime: the roles that a tenant gives, and their credentials."""

from typing import Any

import pytest
from botocore import UNSIGNED
from emulator.aws_callers import Caller, refusal
from fakes.places import needs
from service_limits import knows_account_access

from oidc_helper.emulator import Emulator
from oidc_helper.settings.limits import limits


def ask(caller: Caller, access_token: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Make a call with a bearer token; botocore's own signer would send it over TLS only."""
    needs(knows_account_access(), "a newer botocore")

    def bear(request: Any, **_: Any) -> None:
        request.headers["Authorization"] = f"Bearer {access_token}"

    caller.hooks = {"choose-signer": lambda **_: UNSIGNED, "before-sign": bear}
    asked = {"tenantId": caller.emulator.directory.tenant.tenant_id, **parameters}
    answer: dict[str, Any] = getattr(caller.client("account-access-runtime"), operation)(**asked)
    return answer


def role_of(emulator: Emulator) -> str:
    """A role that Alice is given."""
    return min(arn for _, arn in emulator.directory.tenant.entitlements)


def test_a_given_role_opens_with_the_access_token(emulator: Emulator, caller: Caller) -> None:
    """For as long, and under the name, that was asked for."""
    token = caller.exchange()["accessToken"]
    asked = {"roleArn": role_of(emulator), "accessType": "PROGRAMMATIC_ACCESS"}
    answer = ask(caller, token, "get_role_credentials", sessionName="from-a-test", sessionDuration=1800, **asked)
    keys = answer["credentialsDetails"]["programmaticAccess"]
    session = caller.using({key[0].upper() + key[1:]: value for key, value in keys.items()})

    assert session.identity()["Arn"].endswith("/from-a-test")
    assert session.identity()["Account"] == role_of(emulator).split(":")[4]

    emulator.advance(1801)

    assert refusal(session.identity) == ("ExpiredToken", 403)


def test_a_person_sees_the_roles_of_a_tenant_in_pages(emulator: Emulator, caller: Caller) -> None:
    """Those of others are not among them."""
    alice, bob = (caller.exchange(f"{name}@example.com")["accessToken"] for name in ("alice", "bob"))
    first = ask(caller, alice, "list_roles", maxResults=1)
    second = ask(caller, alice, "list_roles", maxResults=1, nextToken=first["nextToken"])

    assert {role["roleArn"] for role in first["roles"] + second["roles"]} == {
        arn for _, arn in emulator.directory.tenant.entitlements
    }
    assert ask(caller, bob, "list_roles")["roles"] == []


def test_a_session_lasts_as_long_as_the_role_allows_unless_it_is_asked_for_less(
    emulator: Emulator, caller: Caller
) -> None:
    """It is named after the user then."""
    emulator.directory.other_roles[0].longest_session_s = 7200
    asked = {"roleArn": role_of(emulator), "accessType": "PROGRAMMATIC_ACCESS"}
    keys = ask(caller, caller.exchange()["accessToken"], "get_role_credentials", **asked)["credentialsDetails"]
    session = caller.using({key[0].upper() + key[1:]: value for key, value in keys["programmaticAccess"].items()})

    assert session.identity()["Arn"].endswith("/builder/alice")

    emulator.advance(7100)
    assert session.identity()
    emulator.advance(101)
    assert refusal(session.identity) == ("ExpiredToken", 403)


@pytest.mark.parametrize(
    ("operation", "scope", "other"),
    [
        ("list_roles", "account_access:read_only", "account_access:assume"),
        ("get_role_credentials", "account_access:assume", "account_access:read_only"),
    ],
)
def test_each_operation_has_its_scope(
    emulator: Emulator, caller: Caller, operation: str, scope: str, other: str
) -> None:
    """As the API reference has it; the log says what is missing."""
    role = {"roleArn": role_of(emulator), "accessType": "PROGRAMMATIC_ACCESS"}
    asked = role if operation == "get_role_credentials" else {}
    having, lacking = (caller.exchange(scope=[one])["accessToken"] for one in (scope, other))

    assert ask(caller, having, operation, **asked)
    assert refusal(ask, caller, lacking, operation, **asked) == ("UnauthorizedException", 401)
    assert emulator.requests[-1].reason == f"not granted: {scope}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"roleArn": "arn:aws:iam::111122223333:role/other"}, ("AccessDeniedException", 403)),
        ({"tenantId": "aa-ffffffffffff"}, ("ValidationException", 400)),
        (
            {"sessionDuration": (limits("sts", "AssumeRole", "DurationSeconds").most or 0) + 1},
            ("ValidationException", 400),
        ),
        ({"access_token": "aoa-invented"}, ("UnauthorizedException", 401)),
    ],
    ids=["not given", "no such tenant", "too long", "no such token"],
)
def test_what_is_not_given_is_refused(
    emulator: Emulator, caller: Caller, changes: dict[str, Any], expected: tuple[str, int]
) -> None:
    """By the errors of the service model."""
    token = changes.pop("access_token", caller.exchange()["accessToken"])
    asked = {"roleArn": role_of(emulator), "accessType": "PROGRAMMATIC_ACCESS", **changes}

    assert refusal(ask, caller, token, "get_role_credentials", **asked) == expected


def test_a_token_ends_with_its_session(emulator: Emulator, caller: Caller) -> None:
    """The runtime takes no token that the portal would not take."""
    token = caller.exchange()["accessToken"]
    caller.client("sso").logout(accessToken=token)

    assert refusal(ask, caller, token, "list_roles") == ("UnauthorizedException", 401)
