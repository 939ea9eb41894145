"""The policy documents of the directory, and what they allow.

An example role lists the principals that it trusts and has no document; a role that an administrator created has one.
For the former a document is generated, so that both kinds are evaluated in the same way.
"""

from oidc_helper.emulator.aws.evaluation import Context, Request, allows
from oidc_helper.emulator.directory import Application, Directory, Document, IamUser, Role
from oidc_helper.emulator.state import Credentials

_VERSION = "2012-10-17"
_EXCHANGE = "sso-oauth:CreateTokenWithIAM"
_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


def provider_arn(directory: Directory, issuer: str) -> str:
    """The ARN of IAM's OIDC provider for that issuer."""
    return f"arn:aws:iam::{directory.instance.owner_account_id}:oidc-provider/{without_scheme(issuer)}"


def without_scheme(issuer: str) -> str:
    """The issuer without `https://`, as IAM writes it."""
    return issuer.partition("://")[2]


def trust_policy(directory: Directory, role: Role) -> Document:
    """The role's trust policy, generated if the role has no document."""
    if role.trust_policy is not None:
        return role.trust_policy
    statements = []
    if role.web_identity_audiences:
        actions = [_WEB_IDENTITY] + ["sts:SetSourceIdentity"] * role.allows_source_identity
        statements += [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn(directory, issuer)},
                "Action": actions,
                "Condition": {
                    "StringEquals": {f"{without_scheme(issuer)}:aud": sorted(role.web_identity_audiences)},
                },
            }
            for issuer in directory.oidc_providers
        ]
    if role.trusted:
        further = {
            "sts:SetContext": role.allows_set_context,
            "sts:SetSourceIdentity": role.allows_source_identity,
            "sts:TagSession": role.allows_session_tags,
        }
        actions = ["sts:AssumeRole", *(action for action, is_allowed in further.items() if is_allowed)]
        statements.append({"Effect": "Allow", "Principal": {"AWS": sorted(role.trusted)}, "Action": actions})
    return {"Version": _VERSION, "Statement": statements}


def actor_policy(application: Application) -> Document | None:
    """The policy that says who may exchange tokens at the application; None if there is none."""
    if application.actor_policy is not None or not application.actors:
        return application.actor_policy
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": sorted(application.actors)},
        "Action": _EXCHANGE,
        "Resource": "*",
    }
    return {"Version": _VERSION, "Statement": [statement]}


def may_exchange(directory: Directory, application: Application, caller: Credentials) -> bool:
    """Whether the actor policy allows the caller; a caller of another account also needs an identity policy."""
    policy = actor_policy(application)
    if policy is None or not allows(policy, _by(directory, caller, _EXCHANGE)):
        return False
    is_own = caller.account_id == application.arn.split(":")[4]
    return is_own or may_administer(directory, caller, _EXCHANGE, application.arn)


def may_assume(
    directory: Directory, role: Role, caller: Credentials, action: str, context: Context | None = None
) -> bool:
    """Whether the trust policy allows the STS action; an account's root stands for all principals of the account."""
    return allows(trust_policy(directory, role), _by(directory, caller, action, context))


def may_open(directory: Directory, role: Role, action: str, issuer: str, claims: dict[str, str]) -> bool:
    """Whether the trust policy allows the action to a web identity with these claims."""
    context = {f"{without_scheme(issuer)}:{name}": [value] for name, value in claims.items()}
    request = Request(action, [provider_arn(directory, issuer)], "Federated", context=context)
    return allows(trust_policy(directory, role), request)


def trusts_service(directory: Directory, role: Role, service: str) -> bool:
    """Whether an AWS service may assume the role on behalf of the role's own account."""
    context = {"aws:SourceAccount": [role.account_id]}
    return allows(trust_policy(directory, role), Request("sts:AssumeRole", [service], "Service", context=context))


def may_administer(directory: Directory, caller: Credentials, action: str, resource: str = "*") -> bool:
    """Whether an identity policy of the caller allows the action; a `resource` of * is not compared."""
    users: tuple[IamUser, ...] = (directory.administrator, directory.iam_user)
    policies = [user.policy for user in users if user.arn == caller.principal_arn and user.policy]
    if role := directory.role(caller.principal_arn):
        policies += role.policies.values()
    return any(allows(policy, Request(action, resource=resource)) for policy in policies)


def _by(directory: Directory, caller: Credentials, action: str, context: Context | None = None) -> Request:
    names = {
        caller.arn,
        caller.principal_arn,
        caller.account_id,
        f"arn:aws:iam::{caller.account_id}:root",
    }
    about_caller = {
        "aws:PrincipalArn": [caller.principal_arn],
        "aws:PrincipalAccount": [caller.account_id],
        "aws:PrincipalOrgID": [directory.instance.organization_id],
    }
    return Request(action, principals=names, context={**about_caller, **(context or {})})
