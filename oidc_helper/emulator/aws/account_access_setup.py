"""Account access manager for administrators: its application, which is the tenant, and its entitlements.

Modelled after the service model, like its runtime; not compared with the real service.
"""

import uuid

from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT, Tenant
from oidc_helper.emulator.keys import hexadecimal
from oidc_helper.emulator.state import State

SERVICE = Service("account-access", invalid="ValidationException", actions="account-access")
_MOST = 100  # entries of a page


def _create_application(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    directory, instance = state.directory, state.directory.instance
    if parameters["identitySource"]["identityCenter"]["instanceArn"] != instance.arn:
        raise Refusal(SERVICE.invalid, "The Identity Center instance does not exist")
    if directory.tenants:
        raise Refusal("ConflictException", "The instance has an application already")
    tenant_id, region = f"aa-{hexadecimal(12)}", required(signer).region
    account_id = instance.owner_account_id
    created = Tenant(
        tenant_id,
        set(),
        f"arn:aws:account-access:{region}:{account_id}:application/{tenant_id}",
        f"arn:aws:sso::{account_id}:application/{instance.name}/apl-{hexadecimal(16)}",
    )
    directory.tenants.append(created)
    return {"applicationArn": created.arn}


def _get_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    tenant = _tenant(state, parameters)
    source = {"instanceArn": state.directory.instance.arn, "applicationArn": tenant.application_arn}
    described = _described(tenant)
    del described["applicationArn"]
    return {"identitySource": {"identityCenter": source}, "status": "ACTIVE", **described}


def _list_applications(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return _page(state, "applications", [_described(each) for each in state.directory.tenants], parameters)


def _create_entitlement(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    tenant, principal_role = _tenant(state, parameters), parameters["entitlement"]["principalRole"]
    principal = principal_role["principal"]["identityCenter"]
    principal_id, directory = next(iter(principal.values())), state.directory
    if not (directory.user(user_id=principal_id) if "userId" in principal else directory.group(principal_id)):
        raise Refusal("ResourceNotFoundException", "The principal does not exist")
    if directory.role(principal_role["roleArn"]) is None:
        raise Refusal("ResourceNotFoundException", "The role does not exist")
    if (principal_id, principal_role["roleArn"]) in tenant.entitlements:
        raise Refusal("ConflictException", "The entitlement exists")
    tenant.entitlements.add((principal_id, principal_role["roleArn"]))
    return {"entitlementId": _entitlement_id(principal_id, principal_role["roleArn"])}


def _get_entitlement(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    tenant = _tenant(state, parameters)
    described = next(
        (each for each in _entitlements(state, tenant) if each["entitlementId"] == parameters["entitlementId"]), None
    )
    if described is None:
        raise Refusal("ResourceNotFoundException", "The entitlement does not exist")
    return {"applicationArn": tenant.arn, **described}


def _delete_entitlement(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    tenant = _tenant(state, parameters)
    tenant.entitlements = {
        each for each in tenant.entitlements if _entitlement_id(*each) != parameters["entitlementId"]
    }
    return {}


def _list_entitlements(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """List the entitlements of one principal. The filter must name one, as users have reported."""
    criteria = parameters["filter"].get("principalRole", {})
    principal = criteria.get("principal", {}).get("identityCenter")
    if not principal:
        raise Refusal(SERVICE.invalid, "The filter must have a principal")
    items = [
        each
        for each in _entitlements(state, _tenant(state, parameters))
        if (principal_role := each["entitlement"]["principalRole"])["principal"]["identityCenter"] == principal
        and criteria.get("roleArn", principal_role["roleArn"]) == principal_role["roleArn"]
        and criteria.get("account", principal_role["account"]) == principal_role["account"]
    ]
    return _page(state, "entitlements", items, parameters)


def _entitlements(state: State, tenant: Tenant) -> list[Parameters]:
    names = {account.account_id: account.name for account in state.directory.accounts}
    entitlements = []
    for principal_id, role_arn in sorted(tenant.entitlements):
        kind, account_id = "groupId" if state.directory.group(principal_id) else "userId", role_arn.split(":")[4]
        principal_role = {
            "principal": {"identityCenter": {kind: principal_id}},
            "roleArn": role_arn,
            "account": account_id,
            **({"accountName": names[account_id]} if account_id in names else {}),
        }
        entitlements.append(
            {
                "entitlementId": _entitlement_id(principal_id, role_arn),
                "entitlement": {"principalRole": principal_role},
                "createdAt": CREATED_AT,
            }
        )
    return entitlements


def _tenant(state: State, parameters: Parameters) -> Tenant:
    tenant = next((each for each in state.directory.tenants if each.arn == parameters["applicationArn"]), None)
    if tenant is None:
        raise Refusal("ResourceNotFoundException", "The application does not exist")
    return tenant


def _described(tenant: Tenant) -> Parameters:
    return {
        "applicationArn": tenant.arn,
        "tenantId": tenant.tenant_id,
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT,
    }


def _entitlement_id(principal_id: str, role_arn: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{principal_id} {role_arn}"))


def _page(state: State, name: str, items: list[Parameters], parameters: Parameters) -> Parameters:
    return page(name, items, parameters, invalid=SERVICE.invalid, most=state.directory.administrator_page or _MOST)


OPERATIONS: dict[str, Perform] = {
    "CreateApplication": _create_application,
    "GetApplication": _get_application,
    "ListApplications": _list_applications,
    "CreateEntitlement": _create_entitlement,
    "GetEntitlement": _get_entitlement,
    "DeleteEntitlement": _delete_entitlement,
    "ListEntitlements": _list_entitlements,
}
