"""The least policy with which all checks can be made: what the reader of AWS's side needs, and nothing else."""

from typing import Any

from oidc_helper.doctor.admin.chain import reads_of
from oidc_helper.settings import Profile

_VERSION = "2012-10-17"
_OF_ROLES = "iam:GetRole"
_OF_CALLER = "iam:SimulatePrincipalPolicy"
_OF_PROVIDERS = "iam:GetOpenIDConnectProvider"


def policy(profile: Profile | None) -> dict[str, Any]:
    """For the checks of the profile, whose roles and OIDC providers alone may be read; or for those of any."""
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
    caller, session = profile.caller.web_identity_role_arn, str(profile.role_arn or "")
    found: dict[str, list[str]] = {}
    arns = [caller] if caller else []
    arns += [session] if profile.target == "role" else []
    if arns:
        found[_OF_ROLES] = sorted(set(arns))
    if caller:
        found[_OF_CALLER] = [caller]
        partition, account_id = caller.split(":")[1], caller.split(":")[4]
        issuer = profile.identity.issuer.partition("://")[2] or "*"
        found[_OF_PROVIDERS] = [f"arn:{partition}:iam::{account_id}:oidc-provider/{issuer}"]
    return found
