"""Check the administrator and the Identity Center instance: its regions, its network access, its key."""

from fnmatch import fnmatchcase

from oidc_helper.aws import administration as reads
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Finding, failed, ok, skipped
from oidc_helper.errors import Refused
from oidc_helper.words import printable

_INSTANCE = "sso-admin"


def administrator(audit: Audit) -> Finding:
    """Who the administrator is; checks that need another account say so themselves."""
    credentials = audit.aws.open_administrator(audit.admin_profile)
    arn = audit.aws.arn(credentials)
    account_id = arn.split(":")[4]
    remark = "" if account_id == audit.account_id else f"; the application is in account {audit.account_id}"
    return ok(f"{printable(arn)}{remark}")


def instance(audit: Audit) -> Finding:
    """The application's instance exists and is active."""
    try:
        answer = audit.instance
    except reads.Denied:
        raise
    except Refused as error:
        return failed(
            f"{error.message}",
            f"oidc-helper doctor --admin {audit.name} --admin-profile AWSPROFILE  # in account {audit.account_id}",
        )
    status, reason = answer.get("Status", "ACTIVE"), answer.get("StatusReason", "")
    if status != "ACTIVE":
        return failed(
            f"{audit.instance_arn} is {status}{f': {printable(reason)}' if reason else ''}",
            audit.shell.aws(_INSTANCE, "describe-instance", region=audit.center_region, instance_arn=audit.instance_arn)
            + "  # until it is ACTIVE",
        )
    owner = answer.get("OwnerAccountId", "")
    return ok(f"{audit.instance_arn}, in account {owner}, {answer.get('IdentityStoreId', '')}")


def regions(audit: Audit) -> Finding:
    """The regions of the settings are regions of the instance."""
    listed = audit.admin.all(reads.REGIONS, region=audit.center_region, InstanceArn=audit.instance_arn) or []
    active = [str(each["RegionName"]) for each in listed if each.get("Status", "ACTIVE") == "ACTIVE"]
    missing = [region for region in audit.profile.identity_center_regions if region not in active]
    if missing:
        right_regions = [region for region in audit.profile.identity_center_regions if region in active] or active[:1]
        text = (
            f'"{right_regions[0]}"'
            if len(right_regions) == 1
            else "[" + ", ".join(f'"{region}"' for region in right_regions) + "]"
        )
        return failed(
            f"the instance is in {', '.join(active)}, and not in {', '.join(missing)}",
            f"identity_center_region = {text}",
        )
    return ok(", ".join(active))


def network(audit: Audit) -> Finding:
    """The instance does not block calls from people's machines."""
    details = audit.instance.get("NetworkConfigurationDetails") or {}
    if not details.get("VpceAccessRequired"):
        return ok("from everywhere")
    exempt = [str(each) for each in details.get("ExcludeApplicationArns", ())]
    if any(_matches(pattern, audit.application_arn) for pattern in exempt):
        return ok("from VPC endpoints only, except for this application")
    sources = [*details.get("RestrictSourceVpcs", ()), *details.get("AllowSourceIps", ())]
    if details.get("AllowSourceIps"):
        return skipped(f"from {', '.join(sources)} only: whether people are there is not known here")
    places = f" ({', '.join(sources)})" if sources else ""
    configuration = {**details, "ExcludeApplicationArns": [*exempt, audit.application_arn]}
    return failed(
        f"the instance accepts calls from VPC endpoints only{places}",
        audit.shell.aws(
            _INSTANCE,
            "update-instance",
            region=audit.center_region,
            instance_arn=audit.instance_arn,
            network_configuration=configuration,
        ),
    )


def key(audit: Audit) -> Finding:
    """The instance's key. A customer managed key must exist in each region, and callers must be allowed to use it."""
    details = audit.instance.get("EncryptionConfigurationDetails") or {}
    if details.get("KeyType") != "CUSTOMER_MANAGED_KEY":
        return ok("AWS's own")
    arn, status = str(details.get("KmsKeyArn", "")), details.get("EncryptionStatus", "ENABLED")
    if status == "UPDATE_FAILED":
        reason = printable(str(details.get("EncryptionStatusReason", "")))
        return failed(
            f"{arn}: the last change failed{f': {reason}' if reason else ''}",
            audit.shell.aws(
                _INSTANCE,
                "update-instance",
                region=audit.center_region,
                instance_arn=audit.instance_arn,
                encryption_configuration={"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": arn},
            ),
        )
    if len(audit.profile.identity_center_regions) > 1 and not arn.rpartition("/")[2].startswith("mrk-"):
        return failed(
            f"{arn} is in one region only, and the settings name {len(audit.profile.identity_center_regions)}",
            f'identity_center_region = "{audit.center_region}"',
        )
    return ok(f"{arn}; its policy must let callers kms:Decrypt through Identity Center")


def background_sessions(audit: Audit) -> Finding:
    """Whether sessions can go on without the person; customer managed applications cannot begin such sessions."""
    answer = audit.center(reads.SESSIONS) or {}
    status = str(answer.get("UserBackgroundSessionApplicationStatus", "DISABLED")).lower()
    return ok(f"{status}; an application of your own cannot begin them anyway")


def _matches(pattern: str, arn: str) -> bool:
    return fnmatchcase(arn, pattern.replace("[", "[[]"))  # AWS's wildcards are * and ? only
