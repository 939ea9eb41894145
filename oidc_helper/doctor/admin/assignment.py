"""Check that the person is assigned to the application, directly or by a group, if assignment is required."""

from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.admin import issuers
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Finding, failed, ok

_SHOWN = 5  # groups at most


def assignment(audit: Audit) -> Finding:
    """The person is assigned, if assignment is required."""
    rule = audit.center(reads.ASSIGNMENT_RULE) or {}
    if not rule.get("AssignmentRequired", True):
        return ok("nobody has to be assigned: everybody in the identity store may use the application")
    user_id = issuers.user_id(audit)
    assignments = audit.admin.all(
        reads.ASSIGNMENTS_OF_USER,
        region=audit.center_region,
        InstanceArn=audit.instance_arn,
        PrincipalId=user_id,
        PrincipalType="USER",
        Filter={"ApplicationArn": audit.application_arn},
    )
    if assignments:
        groups = [str(each["PrincipalId"]) for each in assignments if each.get("PrincipalType") == "GROUP"]
        return ok(f"by the group {group_name(audit, groups[0])}" if len(groups) == len(assignments) else "directly")
    command = audit.mend_center("create-application-assignment", principal_id=user_id, principal_type="USER")
    return failed(f"assignments are required, and {user_id} has none{_helping(audit)}", command)


def groups_of(audit: Audit, user_id: str) -> list[str]:
    """The ids of the user's groups. Raises as `Audit.admin` and its calls."""
    memberships = audit.admin.all(
        reads.GROUPS_OF_USER,
        region=audit.center_region,
        IdentityStoreId=audit.store_id,
        MemberId={"UserId": user_id},
    )
    return [str(each["GroupId"]) for each in memberships or ()]


def group_name(audit: Audit, group_id: str) -> str:
    """The name of a group, or its id if the name cannot be read."""
    try:
        answer = audit.admin.get(
            reads.GROUP, region=audit.center_region, IdentityStoreId=audit.store_id, GroupId=group_id
        )
    except Denied:
        answer = None
    return audit.named("group", str((answer or {}).get("DisplayName") or group_id))


def _helping(audit: Audit) -> str:
    """A remark that names the groups that are assigned."""
    try:
        assignments = audit.center_all(reads.ASSIGNMENTS)
    except Denied:
        return ""
    groups = [str(each["PrincipalId"]) for each in assignments if each.get("PrincipalType") == "GROUP"]
    names = [group_name(audit, group_id) for group_id in groups[:_SHOWN]]
    more = f" and {len(groups) - _SHOWN} more" if groups[_SHOWN:] else ""
    return f"; the groups that have one: {', '.join(names)}{more}" if names else ""
