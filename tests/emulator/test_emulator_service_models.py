"""The emulator's answers are those of the service models."""

import json
from typing import Any

import pytest
from botocore import UNSIGNED
from emulator.aws_callers import Caller, identity_context, refused, service_model
from service_limits import knows_account_access

from oidc_helper.aws import account_access
from oidc_helper.emulator import Emulator

# The HTTP status and the OAuth error of each exception of CreateTokenWithIAM.
OAUTH_ERRORS = {
    "AccessDeniedException": (400, "access_denied"),
    "AuthorizationPendingException": (400, "authorization_pending"),
    "ExpiredTokenException": (400, "expired_token"),
    "InternalServerException": (500, "server_error"),
    "InvalidClientException": (401, "invalid_client"),
    "InvalidGrantException": (400, "invalid_grant"),
    "InvalidRequestException": (400, "invalid_request"),
    "InvalidRequestRegionException": (400, "invalid_request"),
    "InvalidScopeException": (400, "invalid_scope"),
    "SlowDownException": (400, "slow_down"),
    "UnauthorizedClientException": (400, "unauthorized_client"),
    "UnsupportedGrantTypeException": (400, "unsupported_grant_type"),
}


def test_every_answer_has_the_form_of_its_service_model(emulator: Emulator, caller: Caller) -> None:
    """All clients of these tests check the raw answers; this test calls each operation once."""
    tokens = caller.exchange()
    analytics = caller.assume_with_context(identity_context(tokens))

    assert analytics.identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/analytics/alice"

    web = caller.assume_with_web_identity(emulator.mint("bob@example.com"))

    assert web["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/tip-caller/alice"

    access = analytics.client("s3control").get_data_access(
        AccountId="123456789012", Target="s3://reports/2026/*", Permission="READ"
    )

    assert access["MatchedGrantTarget"] == "s3://reports/*"

    portal, token = caller.client("sso"), tokens["accessToken"]
    accounts = portal.list_accounts(accessToken=token)["accountList"]
    roles = portal.list_account_roles(accessToken=token, accountId=accounts[0]["accountId"])["roleList"]
    credentials = portal.get_role_credentials(accessToken=token, **roles[0])["roleCredentials"]

    assert credentials["accessKeyId"].startswith("ASIA")

    portal.logout(accessToken=token)
    operations = {request.operation for request in emulator.requests if request.ok}

    assert operations == {
        *("CreateTokenWithIAM", "AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetDataAccess"),
        *("ListAccounts", "ListAccountRoles", "GetRoleCredentials", "Logout"),
    }


def test_an_answer_with_an_unknown_member_is_noticed(emulator: Emulator, caller: Caller) -> None:
    """The check of the form can fail."""
    emulator.fault("CreateTokenWithIAM", body=json.dumps({"accessToken": "a", "acces_token": "b"}).encode())
    with pytest.raises(AssertionError, match="does not know"):
        caller.exchange()


def test_the_table_of_oauth_errors_is_complete() -> None:
    """It has every error of the service model."""
    model = service_model("sso-oidc").operation_model("CreateTokenWithIAM")

    assert {shape.name for shape in model.error_shapes} == set(OAUTH_ERRORS)


@pytest.mark.parametrize("code", sorted(OAUTH_ERRORS))
def test_every_error_of_create_token_with_iam_can_be_ordered(emulator: Emulator, caller: Caller, code: str) -> None:
    """It arrives with its HTTP status, its OAuth name and its message."""
    emulator.fault("CreateTokenWithIAM", error=code, message="as ordered")
    name, status, response = refused(caller.exchange)

    assert (name, status, response["error"]) == (code, *OAUTH_ERRORS[code])
    assert response["Error"]["Message"] == "as ordered"


# Service -> operation -> its parameters.
_CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "sso": {
        "GetRoleCredentials": {"roleName": "Admin", "accountId": "111122223333", "accessToken": "token"},
        "ListAccounts": {"accessToken": "token"},
        "ListAccountRoles": {"accessToken": "token", "accountId": "111122223333"},
        "Logout": {"accessToken": "token"},
    },
    "sts": {
        "AssumeRole": {"RoleArn": "arn:aws:iam::123456789012:role/analytics", "RoleSessionName": "alice"},
        "AssumeRoleWithWebIdentity": {
            "RoleArn": "arn:aws:iam::123456789012:role/tip-caller",
            "RoleSessionName": "alice",
            "WebIdentityToken": "token",
        },
    },
}
if knows_account_access():
    _CALLS[account_access.SERVICE] = {
        "GetRoleCredentials": {
            "tenantId": "aa-0123456789ab",
            "roleArn": "arn:aws:iam::111122223333:role/builder",
            "accessType": "PROGRAMMATIC_ACCESS",
        },
        "ListRoles": {"tenantId": "aa-0123456789ab"},
    }
_OTHERS = [
    (service, operation, shape.name)
    for service, operations in _CALLS.items()
    for operation in operations
    for shape in service_model(service).operation_model(operation).error_shapes
]


@pytest.mark.parametrize(("service", "operation", "name"), _OTHERS)
def test_every_error_of_the_other_services_can_be_ordered(
    emulator: Emulator, caller: Caller, service: str, operation: str, name: str
) -> None:
    """boto3 raises its exception for it."""
    emulator.fault(operation, error=name, message="as ordered")
    caller.hooks = {"choose-signer.account-access-runtime": lambda **_: UNSIGNED}
    client = caller.client(service)
    with pytest.raises(client.exceptions.from_code(_code(service, name))) as caught:
        client._make_api_call(operation, _CALLS[service][operation])

    assert caught.value.response["Error"] == {
        "Code": _code(service, name),
        "Message": "as ordered",
        **({"Type": "Sender"} if service == "sts" else {}),
    }


def test_a_missing_parameter_is_an_invalid_request(caller: Caller) -> None:
    """The emulator does not rely on boto3's own validation."""
    code, status, response = refused(caller.client("sso-oidc").create_token_with_iam, clientId="arn")

    assert (code, status) == ("InvalidRequestException", 400)
    assert "'grantType' failed to satisfy constraint: Member must not be null" in response["Error"]["Message"]


def _code(service: str, name: str) -> str:
    shape = service_model(service).shape_for(name)
    metadata: dict[str, Any] = shape.metadata
    code: str = metadata.get("error", {}).get("code", name)
    return code
