"""What a profile's credentials are for, on AWS's side: a permission set, a role of account access manager, a grant."""

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
    """The permission set is there, and the person has it in the account."""
    profile, where = audit.profile, {"region": audit.primary_region, "InstanceArn": audit.instance_arn}
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
    for arn in audit.admin.all(reads.PERMISSION_SETS, **where) or ():
        found = audit.admin.get(reads.PERMISSION_SET, **where, PermissionSetArn=arn) or {}
        arns[str(found.get("PermissionSet", {}).get("Name"))] = str(arn)
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
    given = audit.admin.all(
        reads.ACCOUNT_ASSIGNMENTS,
        **where,
        PrincipalId=user_id,
        PrincipalType="USER",
        Filter={"AccountId": account_id},
    )
    fitting = [each for each in given or () if each.get("PermissionSetArn") == arns[name]]
    if not fitting:
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
    return ok(f"{printable(name)} in account {account_id}, {_how(audit, fitting)}")


def account_access(audit: Audit) -> Finding:
    """The tenant is there and active, and gives the role to the person."""
    tenant_id, role_arn = str(audit.profile.account_access), str(audit.profile.role_arn)
    where = {"region": audit.primary_region}
    listed = audit.admin.all(reads.TENANTS, **where) or []
    arns = {str(each.get("tenantId")): str(each["applicationArn"]) for each in listed}
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
    found = audit.admin.get(reads.TENANT, **where, applicationArn=arn) or {}
    if found.get("status") != "ACTIVE":
        said = found.get("error", {})
        reason = f": {printable(str(said.get('message', '')))}" if said else ""
        return failed(
            f"{tenant_id} is {found.get('status')}{reason}",
            audit.shell.aws(runtime.SETUP, "get-application", region=audit.primary_region, application_arn=arn)
            + "  # until it is ACTIVE",
        )
    user_id = issuers.user_id(audit)
    for kind, principal_id in [("userId", user_id), *(("groupId", group) for group in groups_of(audit, user_id))]:
        principal = {"identityCenter": {kind: principal_id}}
        wanted = {"principalRole": {"principal": principal, "roleArn": role_arn}}
        if audit.admin.all(reads.ENTITLEMENTS, **where, applicationArn=arn, filter=wanted):
            how = "alone" if kind == "userId" else f"by the group {group_name(audit, principal_id)}"
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
    found = audit.admin.get(reads.GRANTS_INSTANCE, region=audit.profile.region, AccountId=account_id)
    if found is None:
        return failed(
            f"account {account_id} has no S3 Access Grants in {audit.profile.region}",
            _s3(audit, "create-access-grants-instance", identity_center_arn=audit.instance_arn),
        )
    tied = str(found.get("IdentityCenterInstanceArn") or found.get("IdentityCenterArn") or "")
    if not tied:
        return failed(
            "S3 Access Grants know no users of Identity Center",
            _s3(audit, "associate-access-grants-identity-center", identity_center_arn=audit.instance_arn),
        )
    return ok(f"{found.get('AccessGrantsInstanceArn')}, tied to {tied}")


def access_grant(audit: Audit) -> Finding:
    """A grant covers the target, for the person or a group of theirs."""
    grant, account_id = audit.profile.s3_grant, _grants_account(audit)
    assert grant is not None  # noqa: S101  # the check is made for profiles with one only
    where = {"region": audit.profile.region, "AccountId": account_id}
    if audit.admin.get(reads.GRANTS_INSTANCE, **where) is None:
        raise NotKnown("there are no S3 Access Grants")
    user_id = issuers.user_id(audit)
    grantees = [("DIRECTORY_USER", user_id), *(("DIRECTORY_GROUP", each) for each in groups_of(audit, user_id))]
    near = ""
    for kind, principal_id in grantees:
        listed = audit.admin.all(reads.ACCESS_GRANTS, **where, GranteeType=kind, GranteeIdentifier=principal_id)
        for each in listed or ():
            scope, permission = str(each.get("GrantScope", "")), str(each.get("Permission", ""))
            is_for = str(each.get("ApplicationArn") or "ALL")
            covers = _covers(scope, grant.target)
            if covers and permission in (grant.permission, "READWRITE") and is_for in ("ALL", audit.application_arn):
                how = "alone" if kind == "DIRECTORY_USER" else f"by the group {group_name(audit, principal_id)}"
                return ok(f"{printable(scope)}, {permission}, {how}")
            if covers:
                near = f"; there is {permission}" + (f" for {is_for} only" if is_for != "ALL" else "")
    return failed(
        f"no grant covers {grant.permission} of {printable(grant.target)} for {user_id}{near}",
        _new_grant(audit, user_id, account_id),
    )


def _new_grant(audit: Audit, user_id: str, account_id: str) -> str:
    """Grant just the target to the person, below the location that is nearest to it."""
    grant = audit.profile.s3_grant
    assert grant is not None  # noqa: S101  # likewise
    try:
        listed = audit.admin.all(reads.GRANT_LOCATIONS, region=audit.profile.region, AccountId=account_id) or []
        scopes = {str(each["LocationScope"]): str(each["AccessGrantsLocationId"]) for each in listed}
    except Denied:
        scopes = {_DEFAULT_LOCATION: _DEFAULT}  # which most accounts have
    around = [scope for scope in scopes if grant.target.startswith(scope.rstrip("*"))]
    location = max(around, key=len, default="")
    if not location:
        role = f"arn:{audit.partition}:iam::{account_id}:role/ROLE"
        return _s3(audit, "create-access-grants-location", location_scope=_DEFAULT_LOCATION, iam_role_arn=role) + (
            "  # a role that trusts access-grants.s3.amazonaws.com; then look again"
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
    """The account of the S3 Access Grants instance. Raises NotKnown where the administrator is of another."""
    grant = audit.profile.s3_grant
    account_id, own = (grant and grant.account_id) or str(audit.profile.role_arn).split(":")[4], audit.admin_arn
    if account_id != own.split(":")[4]:
        raise NotKnown(
            f"the S3 Access Grants are of account {account_id}, and the administrator is of {own.split(':')[4]}: "
            "name another --admin-profile"
        )
    return account_id


def _covers(scope: str, target: str) -> bool:
    """Whether a grant's scope has all of the target; both are prefixes where they end with an asterisk."""
    return target.startswith(scope.removesuffix("*")) if scope.endswith("*") else target == scope


def _s3(audit: Audit, operation: str, **options: Any) -> str:
    account_id = _grants_account(audit)
    return audit.shell.aws(_CONTROL, operation, region=audit.profile.region, account_id=account_id, **options)


def _how(audit: Audit, fitting: list[Mapping[str, Any]]) -> str:
    groups = [str(each["PrincipalId"]) for each in fitting if each.get("PrincipalType") == "GROUP"]
    return f"by the group {group_name(audit, groups[0])}" if len(groups) == len(fitting) else "alone"
