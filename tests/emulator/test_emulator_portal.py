"""The portal: accounts, permission sets, their credentials, and the end of a session."""

import re
import time
from typing import Any

import pytest
from emulator.aws_callers import Caller, refusal, refused, service_model

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.aws.throttle import Throttle


def test_a_permission_sets_credentials_are_a_session_of_its_reserved_role(emulator: Emulator, caller: Caller) -> None:
    """Named after the user, and good for calls."""
    answer = _credentials(caller, caller.exchange()["accessToken"])
    session = caller.using({key[0].upper() + key[1:]: value for key, value in answer.items()})
    identity = session.identity()

    assert re.fullmatch(
        r"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/alice", identity["Arn"]
    )
    assert identity["Account"] == "111122223333"

    emulator.advance(3601)

    assert refusal(session.identity) == ("ExpiredToken", 403)


def test_the_expiration_is_in_milliseconds(emulator: Emulator, caller: Caller) -> None:
    """It follows the permission set's session length."""
    emulator.directory.permission_sets["Admin"].session_s = 12 * 3600
    token = caller.exchange()["accessToken"]
    before = time.time()
    expiration = _credentials(caller, token)["expiration"]

    assert before - 1 < expiration / 1000 - 12 * 3600 < time.time() + 1


def test_a_user_sees_their_own_accounts_and_permission_sets(caller: Caller) -> None:
    """They do not see those of others."""
    alice, bob = (caller.exchange(f"{name}@example.com")["accessToken"] for name in ("alice", "bob"))
    portal = caller.client("sso")
    accounts = portal.list_accounts(accessToken=alice)["accountList"]

    assert [account["accountName"] for account in accounts] == ["development", "production"]
    assert [each["accountId"] for each in portal.list_accounts(accessToken=bob)["accountList"]] == ["111122223333"]

    roles = portal.list_account_roles(accessToken=alice, accountId="111122223333")["roleList"]

    assert [role["roleName"] for role in roles] == ["Admin", "ReadOnly"]


def test_long_lists_come_in_pages(caller: Caller) -> None:
    """A paginator finds its way through them."""
    token, portal = caller.exchange()["accessToken"], caller.client("sso")
    first = portal.list_accounts(accessToken=token, maxResults=1)

    assert len(first["accountList"]) == 1
    assert first["nextToken"]

    for operation, name, expected in (("list_accounts", "accountList", 2), ("list_account_roles", "roleList", 2)):
        asked = {"accessToken": token, "accountId": "111122223333"}
        if operation == "list_accounts":
            del asked["accountId"]
        pages = list(portal.get_paginator(operation).paginate(**asked, PaginationConfig={"PageSize": 1}))
        assert [len(page[name]) for page in pages] == [1] * expected


LIST_ACCOUNTS: Any = service_model("sso").operation_model("ListAccounts").input_shape
LARGEST_PAGE = LIST_ACCOUNTS.members["maxResults"].metadata["max"]


@pytest.mark.parametrize("asked", [{"nextToken": "made up"}, {"maxResults": LARGEST_PAGE + 1}])
def test_a_wrong_page_is_an_invalid_request(caller: Caller, asked: dict[str, Any]) -> None:
    """An invented token, or more entries than the service model allows."""
    token = caller.exchange()["accessToken"]

    assert refusal(caller.client("sso").list_accounts, accessToken=token, **asked) == ("InvalidRequestException", 400)


@pytest.mark.parametrize("token", ["unknown", "refreshToken", "expired", "other scope"])
def test_a_token_that_does_not_open_the_portal_is_unauthorized(emulator: Emulator, caller: Caller, token: str) -> None:
    """With 401 and the same message for each operation and each reason."""
    answer = caller.exchange(scope=["openid"]) if token == "other scope" else caller.exchange()
    if token == "expired":
        emulator.advance(3601)
    access_token = "unknown" if token == "unknown" else answer.get(token, answer["accessToken"])
    portal = caller.client("sso")
    account = {"accountId": "111122223333"}
    for call, asked in (
        (portal.get_role_credentials, {**account, "roleName": "Admin"}),
        (portal.list_accounts, {}),
        (portal.list_account_roles, account),
    ):
        code, status, response = refused(call, accessToken=access_token, **asked)
        assert (code, status) == ("UnauthorizedException", 401)
        assert response["Error"]["Message"] == "Session token not found or invalid"


def test_a_permission_set_without_assignment_is_not_found(emulator: Emulator, caller: Caller) -> None:
    """As documented; the emulator can also give the other answer that users have seen."""
    token = caller.exchange("bob@example.com")["accessToken"]

    assert refusal(_credentials, caller, token) == ("ResourceNotFoundException", 404)

    emulator.directory.not_assigned_error = "ForbiddenException"
    code, status, response = refused(_credentials, caller, token)

    assert (code, status, response["Error"]["Message"]) == ("ForbiddenException", 403, "No access")


def test_logout_ends_the_session_and_no_other(caller: Caller) -> None:
    """Its access and refresh tokens end; existing role sessions go on."""
    ended, other = caller.exchange(), caller.exchange()
    answer = _credentials(caller, ended["accessToken"])
    caller.client("sso").logout(accessToken=ended["accessToken"])

    assert refusal(_credentials, caller, ended["accessToken"]) == ("UnauthorizedException", 401)
    assert refusal(caller.refresh, ended["refreshToken"]) == ("ExpiredTokenException", 400)
    assert refusal(caller.client("sso").logout, accessToken=ended["accessToken"]) == ("UnauthorizedException", 401)
    assert _credentials(caller, other["accessToken"])
    assert caller.using({key[0].upper() + key[1:]: value for key, value in answer.items()}).identity()


def test_a_deleted_user_is_unauthorized(emulator: Emulator, caller: Caller) -> None:
    """Even with a token that has not expired."""
    token = caller.exchange()["accessToken"]
    emulator.directory.users.clear()

    assert refusal(_credentials, caller, token) == ("UnauthorizedException", 401)


def test_throttling_can_be_ordered(emulator: Emulator, caller: Caller) -> None:
    """The next call works."""
    token = caller.exchange()["accessToken"]
    emulator.fault("GetRoleCredentials", error="TooManyRequestsException")

    assert refusal(_credentials, caller, token) == ("TooManyRequestsException", 429)
    assert _credentials(caller, token)


def test_the_portal_answers_as_many_requests_a_second_as_it_is_told(emulator: Emulator, caller: Caller) -> None:
    """All operations together; AWS's quota is 20, and the emulator has none unless it is set."""
    emulator.directory.portal_requests_per_s = 0.01
    token = caller.exchange()["accessToken"]
    portal = caller.client("sso")

    assert portal.list_accounts(accessToken=token)["accountList"]
    assert refusal(_credentials, caller, token) == ("TooManyRequestsException", 429)

    emulator.advance(101)

    assert _credentials(caller, token)


def test_a_throttle_lets_the_requests_of_a_second_pass() -> None:
    """At once or spread, and no more of them after a pause."""
    throttle = Throttle()

    def passing(requests: int, at: float) -> int:
        return sum(throttle.lets_pass(at, per_second=20) for _ in range(requests))

    assert passing(30, at=1000) == 20
    assert passing(30, at=1000.5) == 10
    assert passing(30, at=1100) == 20


def test_an_instance_that_demands_a_vpc_endpoint_refuses_everybody(emulator: Emulator, caller: Caller) -> None:
    """At Identity Center, its portal and account access manager; STS is no part of it."""
    token = caller.exchange()["accessToken"]
    emulator.directory.vpc_endpoint_required = True
    for call in (caller.exchange, lambda: _credentials(caller, token)):
        code, _, response = refused(call)
        error = response.get("error_description", response["Error"]["Message"])

        assert code == "AccessDeniedException"
        assert "must originate from a VPC endpoint" in error
    assert caller.identity()


def _credentials(caller: Caller, token: str) -> dict[str, Any]:
    answer: dict[str, Any] = caller.client("sso").get_role_credentials(
        accountId="111122223333", roleName="Admin", accessToken=token
    )["roleCredentials"]
    return answer
