"""The access portal: accounts, permission sets, their credentials, and logout."""

from oidc_helper.emulator.aws.credentials import role_session
from oidc_helper.emulator.aws.endpoint import Perform, Service
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.tokens import live_access_token
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.state import Issued, State

_SERVICE = Service("sso", invalid="InvalidRequestException", outside="AccessDeniedException")
_SCOPE = "sso:account:access"


def _get_role_credentials(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    user_id = _portal_token(state, parameters).session.subject
    user = state.directory.user(user_id=user_id)
    if user is None:
        raise Refusal(
            "UnauthorizedException", "Session token not found or invalid", reason="the user does not exist any more"
        )
    account_id, name = parameters["accountId"], parameters["roleName"]
    _check(state, (account_id, name) in _assigned(state, user_id))
    permission_set = state.directory.permission_sets[name]
    role = Role(
        f"arn:aws:iam::{account_id}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_{permission_set.suffix}",
        permission_set.role_id,
    )
    credentials = role_session(state, role, user.user_name, permission_set.session_s, direct=True)
    return {
        "roleCredentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "expiration": int((credentials.expires_at or 0) * 1000),
        }
    }


def _list_accounts(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    account_ids = {account_id for account_id, _ in _assigned(state, _portal_token(state, parameters).session.subject)}
    accounts = [
        {"accountId": account.account_id, "accountName": account.name, "emailAddress": account.email}
        for account in state.directory.accounts
        if account.account_id in account_ids
    ]
    return page("accountList", accounts, parameters, invalid=_SERVICE.invalid)


def _list_account_roles(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    account_id = parameters["accountId"]
    assigned = _assigned(state, _portal_token(state, parameters).session.subject)
    names = sorted(name for account, name in assigned if account == account_id)
    _check(state, bool(names))
    roles = [{"roleName": name, "accountId": account_id} for name in names]
    return page("roleList", roles, parameters, invalid=_SERVICE.invalid)


def _logout(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """End every token of the session. According to the service model, role sessions go on."""
    _live_token(state, parameters).session.ended = True
    return {}


def _live_token(state: State, parameters: Parameters) -> Issued:
    token = live_access_token(state, parameters["accessToken"])
    if token is None:
        raise Refusal("UnauthorizedException", "Session token not found or invalid")
    return token


def _portal_token(state: State, parameters: Parameters) -> Issued:
    """The access token, which must have the portal's scope. Raises Refusal."""
    token = _live_token(state, parameters)
    if _SCOPE not in token.scopes:
        raise Refusal("UnauthorizedException", "Session token not found or invalid", reason=f"not granted: {_SCOPE}")
    return token


def _assigned(state: State, user_id: str) -> set[tuple[str, str]]:
    """The pairs of account and permission set that are assigned to the user."""
    reach = state.directory.reach(user_id)
    return {(each.account_id, each.permission_set) for each in state.directory.assignments if each.user_id in reach}


def _check(state: State, assigned: bool) -> None:  # noqa: FBT001 - its only fact
    if not assigned:
        code = state.directory.not_assigned_error
        raise Refusal(code, "No access", reason="the user has no such assignment")


def _throttled(perform: Perform) -> Perform:
    """Limit the operation to the directory's requests per second, which all operations share."""

    def performed(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
        per_second = state.directory.portal_requests_per_s
        if per_second and not state.portal.lets_pass(state.clock(), per_second=per_second):
            raise Refusal("TooManyRequestsException", reason=f"more than {per_second:g} requests a second")
        return perform(state, signer, parameters)

    return performed


_OPERATIONS: dict[str, Perform] = {
    "GetRoleCredentials": _get_role_credentials,
    "ListAccounts": _list_accounts,
    "ListAccountRoles": _list_account_roles,
    "Logout": _logout,
}
ROUTES = _SERVICE.routes({name: _throttled(perform) for name, perform in _OPERATIONS.items()})
