"""Check the target of a profile on AWS's side: a permission set, a role of account access manager, an S3 grant."""

from collections.abc import Mapping
from typing import Any

from oidc_helper.aws import account_access as runtime
from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.admin import issuers
from oidc_helper.doctor.admin.assignment import group_name, groups_of
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Finding, NotKnown, failed, ok
from oidc_helper.words import printable

_CONTROL = "s3control"
_DEFAULT_LOCATION, _DEFAULT = "s3://", "default"  # scope and id


def permission_set(audit: Audit) -> Finding:
    """The permission set exists, and the person has it in the account."""
    profile, in_instance = audit.profile, {"region": audit.primary_region, "InstanceArn": audit.instance_arn}
    name, account_id = str(profile.permission_set), str(profile.account_id)
    if audit.instance.get("PermissionSetsEnabled") is False:
        return failed(
            "the instance has no permission sets: they are not enabled",
            audit.shell.aws(
                "sso-admin",
                "update-instance",
                region=audit.primary_region,
                instance_arn=audit.instance_arn,
                permission_sets_enabled=True,
            ),
        )
    arns = {}
    for arn in audit.admin.all(reads.PERMISSION_SETS, **in_instance) or ():
        answer = audit.admin.get(reads.PERMISSION_SET, **in_instance, PermissionSetArn=arn) or {}
        arns[str(answer.get("PermissionSet", {}).get("Name"))] = str(arn)
    if name not in arns:
        return failed(
            f"there is no permission set {printable(name)}, but {', '.join(map(printable, sorted(arns))) or 'none'}",
            audit.shell.aws(
                "sso-admin",
                "create-permission-set",
                region=audit.primary_region,
                instance_arn=audit.instance_arn,
                name=name,
            ),
        )
    user_id = issuers.user_id(audit)
    assignments = audit.admin.all(
        reads.ACCOUNT_ASSIGNMENTS,
        **in_instance,
        PrincipalId=user_id,
        PrincipalType="USER",
        Filter={"AccountId": account_id},
    )
    matching = [each for each in assignments or () if each.get("PermissionSetArn") == arns[name]]
    if not matching:
        return failed(
            f"{user_id} has no {printable(name)} in account {account_id}",
            audit.shell.aws(
                "sso-admin",
                "create-account-assignment",
                region=audit.primary_region,
                instance_arn=audit.instance_arn,
                target_id=account_id,
                target_type="AWS_ACCOUNT",
                permission_set_arn=arns[name],
                principal_type="USER",
                principal_id=user_id,
            ),
        )
    return ok(f"{printable(name)} in account {account_id}, {_how(audit, matching)}")


def account_access(audit: Audit) -> Finding:
    """The tenant exists, is active, and gives the role to the person."""
    tenant_id, role_arn = str(audit.profile.account_access), str(audit.profile.role_arn)
    in_region = {"region": audit.primary_region}
    tenants = audit.admin.all(reads.TENANTS, **in_region) or []
    arns = {str(each.get("tenantId")): str(each["applicationArn"]) for each in tenants}
    if tenant_id not in arns:
        others = ", ".join(sorted(arns))
        if others:
            return failed(
                f"there is no tenant {tenant_id} in {audit.primary_region}; there is {others}",
                f'account_access = "{min(arns)}"',
            )
        return failed(
            f"there is no tenant in {audit.primary_region}",
            audit.shell.aws(
                runtime.SETUP,
                "create-application",
                region=audit.primary_region,
                identity_source={"identityCenter": {"instanceArn": audit.instance_arn}},
            )
            + "  # then set account_access to its tenantId",
        )
    arn = arns[tenant_id]
    tenant = audit.admin.get(reads.TENANT, **in_region, applicationArn=arn) or {}
    if tenant.get("status") != "ACTIVE":
        error = tenant.get("error", {})
        reason = f": {printable(str(error.get('message', '')))}" if error else ""
        return failed(
            f"{tenant_id} is {tenant.get('status')}{reason}",
            audit.shell.aws(runtime.SETUP, "get-application", region=audit.primary_region, application_arn=arn)
            + "  # until it is ACTIVE",
        )
    user_id = issuers.user_id(audit)
    for kind, principal_id in [("userId", user_id), *(("groupId", group) for group in groups_of(audit, user_id))]:
        principal = {"identityCenter": {kind: principal_id}}
        criteria = {"principalRole": {"principal": principal, "roleArn": role_arn}}
        if audit.admin.all(reads.ENTITLEMENTS, **in_region, applicationArn=arn, filter=criteria):
            how = "directly" if kind == "userId" else f"by the group {group_name(audit, principal_id)}"
            return ok(f"{tenant_id} gives {role_arn}, {how}")
    own = {"principal": {"identityCenter": {"userId": user_id}}, "roleArn": role_arn}
    return failed(
        f"{tenant_id} does not give {role_arn} to {user_id}",
        audit.shell.aws(
            runtime.SETUP,
            "create-entitlement",
            region=audit.primary_region,
            application_arn=arn,
            entitlement={"principalRole": own},
        ),
    )


def access_grants(audit: Audit) -> Finding:
    """The account has S3 Access Grants in the region, and they know Identity Center's users."""
    account_id = _grants_account(audit)
    instance = audit.admin.get(reads.GRANTS_INSTANCE, region=audit.profile.region, AccountId=account_id)
    if instance is None:
        return failed(
            f"account {account_id} has no S3 Access Grants in {audit.profile.region}",
            _s3(audit, "create-access-grants-instance", identity_center_arn=audit.instance_arn),
        )
    identity_center_arn = str(instance.get("IdentityCenterInstanceArn") or instance.get("IdentityCenterArn") or "")
    if not identity_center_arn:
        return failed(
            "S3 Access Grants know no users of Identity Center",
            _s3(audit, "associate-access-grants-identity-center", identity_center_arn=audit.instance_arn),
        )
    return ok(f"{instance.get('AccessGrantsInstanceArn')}, tied to {identity_center_arn}")


def access_grant(audit: Audit) -> Finding:
    """A grant covers the target, for the person or a group of theirs."""
    grant, account_id = audit.profile.s3_grant, _grants_account(audit)
    assert grant is not None  # noqa: S101  # the check applies only to profiles with one
    in_account = {"region": audit.profile.region, "AccountId": account_id}
    if audit.admin.get(reads.GRANTS_INSTANCE, **in_account) is None:
        raise NotKnown("there are no S3 Access Grants")
    user_id = issuers.user_id(audit)
    grantees = [("DIRECTORY_USER", user_id), *(("DIRECTORY_GROUP", each) for each in groups_of(audit, user_id))]
    remark = ""
    for kind, principal_id in grantees:
        grants = audit.admin.all(reads.ACCESS_GRANTS, **in_account, GranteeType=kind, GranteeIdentifier=principal_id)
        for each in grants or ():
            scope, permission = str(each.get("GrantScope", "")), str(each.get("Permission", ""))
            is_for = str(each.get("ApplicationArn") or "ALL")
            covers = _covers(scope, grant.target)
            if covers and permission in (grant.permission, "READWRITE") and is_for in ("ALL", audit.application_arn):
                how = "directly" if kind == "DIRECTORY_USER" else f"by the group {group_name(audit, principal_id)}"
                return ok(f"{printable(scope)}, {permission}, {how}")
            if covers:
                remark = f"; there is {permission}" + (f" for {is_for} only" if is_for != "ALL" else "")
    return failed(
        f"no grant covers {grant.permission} of {printable(grant.target)} for {user_id}{remark}",
        _new_grant(audit, user_id, account_id),
    )


def _new_grant(audit: Audit, user_id: str, account_id: str) -> str:
    """The command that grants just the target to the person, below the location nearest to it."""
    grant = audit.profile.s3_grant
    assert grant is not None  # noqa: S101  # the check applies only to profiles with one
    try:
        listed = audit.admin.all(reads.GRANT_LOCATIONS, region=audit.profile.region, AccountId=account_id) or []
        scopes = {str(each["LocationScope"]): str(each["AccessGrantsLocationId"]) for each in listed}
    except Denied:
        scopes = {_DEFAULT_LOCATION: _DEFAULT}  # most accounts have it
    around = [scope for scope in scopes if grant.target.startswith(scope.rstrip("*"))]
    location = max(around, key=len, default="")
    if not location:
        role = f"arn:{audit.partition}:iam::{account_id}:role/ROLE"
        return _s3(audit, "create-access-grants-location", location_scope=_DEFAULT_LOCATION, iam_role_arn=role) + (
            "  # a role that trusts access-grants.s3.amazonaws.com; then run doctor again"
        )
    below = grant.target.removeprefix(location.rstrip("*"))
    options: dict[str, Any] = {"access_grants_location_configuration": {"S3SubPrefix": below}} if below else {}
    if not grant.target.endswith("*"):
        options["s3_prefix_type"] = "Object"
    return _s3(
        audit,
        "create-access-grant",
        access_grants_location_id=scopes[location],
        **options,
        grantee={"GranteeType": "DIRECTORY_USER", "GranteeIdentifier": user_id},
        permission=grant.permission,
    )


def _grants_account(audit: Audit) -> str:
    """The account of the S3 Access Grants instance. Raises NotKnown if the administrator is in another."""
    grant = audit.profile.s3_grant
    account_id = (grant and grant.account_id) or str(audit.profile.role_arn).split(":")[4]
    own_id = audit.admin_arn.split(":")[4]
    if account_id != own_id:
        raise NotKnown(
            f"the S3 Access Grants are in account {account_id}, and the administrator in {own_id}: "
            "name another --admin-profile"
        )
    return account_id


def _covers(scope: str, target: str) -> bool:
    """Whether a grant's scope covers all of the target; both are prefixes if they end with an asterisk."""
    return target.startswith(scope.removesuffix("*")) if scope.endswith("*") else target == scope


def _s3(audit: Audit, operation: str, **options: Any) -> str:
    account_id = _grants_account(audit)
    return audit.shell.aws(_CONTROL, operation, region=audit.profile.region, account_id=account_id, **options)


def _how(audit: Audit, assignments: list[Mapping[str, Any]]) -> str:
    groups = [str(each["PrincipalId"]) for each in assignments if each.get("PrincipalType") == "GROUP"]
    return f"by the group {group_name(audit, groups[0])}" if len(groups) == len(assignments) else "directly"
