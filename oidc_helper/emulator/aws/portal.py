"""The access portal: accounts, their permission sets, their credentials, and the end of the session."""

import base64
import binascii
from typing import Any

from oidc_helper.emulator.aws.credentials import vend
from oidc_helper.emulator.aws.endpoint import Service
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.state import Issued, State
from oidc_helper.emulator.wire import Parameters, Refusal

_SERVICE = Service("sso", invalid="InvalidRequestException")
_SCOPE = "sso:account:access"
_PAGE = 100  # the largest of the service model


def _get_role_credentials(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    user_id = _bearer(state, asked).session.subject
    user = state.directory.user(user_id=user_id)
    if user is None:
        raise Refusal("UnauthorizedException", "Session token not found or invalid", reason="the user is no more")
    account_id, name = asked["accountId"], asked["roleName"]
    _check(state, (account_id, name) in _assigned(state, user_id))
    chosen = state.directory.permission_sets[name]
    role = Role(
        f"arn:aws:iam::{account_id}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_{chosen.suffix}",
        chosen.role_id,
    )
    vended = vend(state, role, user.user_name, chosen.session_s)
    return {
        "roleCredentials": {
            "accessKeyId": vended.access_key_id,
            "secretAccessKey": vended.secret_access_key,
            "sessionToken": vended.session_token,
            "expiration": int((vended.expires_at or 0) * 1000),
        }
    }


def _list_accounts(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    entered = {account_id for account_id, _ in _assigned(state, _bearer(state, asked).session.subject)}
    accounts = [
        {"accountId": account.account_id, "accountName": account.name, "emailAddress": account.email}
        for account in state.directory.accounts
        if account.account_id in entered
    ]
    return _page("accountList", accounts, asked)


def _list_account_roles(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    account_id = asked["accountId"]
    assigned = _assigned(state, _bearer(state, asked).session.subject)
    names = sorted(name for account, name in assigned if account == account_id)
    _check(state, bool(names))
    return _page("roleList", [{"roleName": name, "accountId": account_id} for name in names], asked)


def _logout(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    """Role sessions go on, the service model says so; every token of the session ends."""
    _valid(state, asked).session.ended = True
    return {}


def _valid(state: State, asked: Parameters) -> Issued:
    found, now = state.tokens.get(asked["accessToken"]), state.clock()
    if found is None or found.kind != "access" or found.expires_at <= now or not found.session.live(now):
        raise Refusal("UnauthorizedException", "Session token not found or invalid")
    return found


def _bearer(state: State, asked: Parameters) -> Issued:
    found = _valid(state, asked)
    if _SCOPE not in found.scopes:
        raise Refusal("UnauthorizedException", "Session token not found or invalid", reason=f"not granted: {_SCOPE}")
    return found


def _assigned(state: State, user_id: str) -> set[tuple[str, str]]:
    """Account and permission set."""
    return {(each.account_id, each.permission_set) for each in state.directory.assignments if each.user_id == user_id}


def _check(state: State, assigned: bool) -> None:  # noqa: FBT001 - there is nothing else to pass
    if not assigned:
        code = state.directory.not_assigned_error
        raise Refusal(code, "No access", reason="the user has no such assignment")


def _page(name: str, items: list[dict[str, Any]], asked: Parameters) -> Parameters:
    """One page, with the token of the next where there is one."""
    start = _position(asked["nextToken"]) if "nextToken" in asked else 0
    end = start + asked.get("maxResults", _PAGE)
    answer: Parameters = {name: items[start:end]}
    if end < len(items):
        answer["nextToken"] = base64.urlsafe_b64encode(f"after {end}".encode()).decode()
    return answer


def _position(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after "))
    except (binascii.Error, ValueError) as error:
        raise Refusal("InvalidRequestException", "the next token is invalid") from error


ROUTES = {
    **_SERVICE.route("GetRoleCredentials", _get_role_credentials),
    **_SERVICE.route("ListAccounts", _list_accounts),
    **_SERVICE.route("ListAccountRoles", _list_account_roles),
    **_SERVICE.route("Logout", _logout),
}
