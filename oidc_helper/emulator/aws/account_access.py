"""Account access manager's runtime: the roles that a tenant gives to a user, and their credentials.

Modelled after the service model and the API reference, which names the scopes; not compared with the real service.
"""

from oidc_helper.emulator.aws import service_model
from oidc_helper.emulator.aws.credentials import role_session
from oidc_helper.emulator.aws.endpoint import Service
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.tokens import live_access_token
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import DirectoryUser, Role
from oidc_helper.emulator.state import State

_LISTING, _ASSUMING = "account_access:read_only", "account_access:assume"  # scopes
_SERVICE = Service("account-access-runtime", invalid="ValidationException", outside="AccessDeniedException")


def _list_roles(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    user = _user(state, parameters, _LISTING)
    names = {account.account_id: account.name for account in state.directory.accounts}
    roles = []
    for role_arn in _entitled_roles(state, user, parameters["tenantId"]):
        account_id = role_arn.split(":")[4]
        named = {"accountName": names[account_id]} if account_id in names else {}
        roles.append({"accountId": account_id, **named, "roleArn": role_arn})
    return page("roles", roles, parameters, invalid=_SERVICE.invalid)


def _get_role_credentials(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    user, role_arn = _user(state, parameters, _ASSUMING), parameters["roleArn"]
    role = state.directory.role(role_arn)
    if role is None or role_arn not in _entitled_roles(state, user, parameters["tenantId"]):
        raise Refusal(
            "AccessDeniedException",
            "You are not entitled to this role",
            reason="the tenant does not give it to the user",
        )
    lifetime_s = parameters.get("sessionDuration", role.longest_session_s)
    _check_duration(lifetime_s, role)
    credentials = role_session(state, role, parameters.get("sessionName", user.user_name), lifetime_s, direct=True)
    return {
        "credentialsDetails": {
            "programmaticAccess": {
                "accessKeyId": credentials.access_key_id,
                "secretAccessKey": credentials.secret_access_key,
                "sessionToken": credentials.session_token,
                "expiresAt": credentials.expires_at,
            }
        }
    }


def _check_duration(lifetime_s: int, role: Role) -> None:
    """STS finally opens the session, so its limits apply. Raises Refusal."""
    sts_parameters = service_model.operation("sts", "AssumeRole").input_shape
    assert sts_parameters  # noqa: S101
    duration = sts_parameters.members["DurationSeconds"]
    if violations := service_model.violations(duration, lifetime_s, "sessionDuration"):
        raise Refusal(_SERVICE.invalid, service_model.violations_text(violations))
    if lifetime_s > role.longest_session_s:
        raise Refusal(_SERVICE.invalid, "The session duration exceeds the maximum of the role")


def _user(state: State, parameters: Parameters, scope: str) -> DirectoryUser:
    """The user behind the bearer token, which must have that scope. Raises Refusal."""
    token = live_access_token(state, parameters["accessToken"])
    user = token and state.directory.user(user_id=token.session.subject)
    if not token or not user:
        raise Refusal("UnauthorizedException", "The bearer token is not valid", reason="no live access token of a user")
    if scope not in token.scopes:
        raise Refusal("UnauthorizedException", "The bearer token is not valid", reason=f"not granted: {scope}")
    return user


def _entitled_roles(state: State, user: DirectoryUser, tenant_id: str) -> list[str]:
    """The ARNs of the roles that the tenant gives to the user, sorted. Raises Refusal."""
    tenant = next((each for each in state.directory.tenants if each.tenant_id == tenant_id), None)
    if tenant is None:
        raise Refusal(_SERVICE.invalid, "The tenant does not exist")
    reach = state.directory.reach(user.user_id)
    return sorted({role_arn for principal_id, role_arn in tenant.entitlements if principal_id in reach})


ROUTES = _SERVICE.routes({"ListRoles": _list_roles, "GetRoleCredentials": _get_role_credentials})
