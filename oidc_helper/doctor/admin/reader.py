"""The least policy that an administrator needs to run the checks of AWS's side."""

from typing import Any

from oidc_helper.doctor.admin.chain import reads_of
from oidc_helper.settings import Profile

_VERSION = "2012-10-17"
_OF_ROLES = "iam:GetRole"
_OF_CALLER = "iam:SimulatePrincipalPolicy"
_OF_PROVIDERS = "iam:GetOpenIDConnectProvider"


def policy(profile: Profile | None) -> dict[str, Any]:
    """For the checks of a profile, limited to its roles and OIDC providers; for all checks if `profile` is None."""
    actions = sorted({read.action for read in reads_of(profile)})
    narrow = _resources(profile) if profile else {}
    statements = [
        {"Effect": "Allow", "Action": [action], "Resource": resources}
        for action, resources in narrow.items()
        if action in actions
    ]
    others = [action for action in actions if action not in narrow]
    return {"Version": _VERSION, "Statement": [{"Effect": "Allow", "Action": others, "Resource": "*"}, *statements]}


def _resources(profile: Profile) -> dict[str, list[str]]:
    caller_arn, session_arn = profile.caller.web_identity_role_arn, str(profile.role_arn or "")
    resources: dict[str, list[str]] = {}
    arns = [caller_arn] if caller_arn else []
    arns += [session_arn] if profile.target == "role" else []
    if arns:
        resources[_OF_ROLES] = sorted(set(arns))
    if caller_arn:
        resources[_OF_CALLER] = [caller_arn]
        partition, account_id = caller_arn.split(":")[1], caller_arn.split(":")[4]
        issuer = profile.identity.issuer.partition("://")[2] or "*"
        resources[_OF_PROVIDERS] = [f"arn:{partition}:iam::{account_id}:oidc-provider/{issuer}"]
    return resources
