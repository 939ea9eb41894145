"""Check the caller's role, which a web identity opens, and the session's role, which the caller assumes."""

from collections.abc import Mapping
from typing import Any

from oidc_helper.aws import administration as reads
from oidc_helper.doctor.admin import policies
from oidc_helper.doctor.admin.application import EXCHANGE
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.admin.policies import Ask
from oidc_helper.doctor.findings import Finding, NotKnown, failed, ok
from oidc_helper.words import printable

_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_ASSUME, _SET_CONTEXT = "sts:AssumeRole", "sts:SetContext"
_LONGEST_CHAINED_S = 3_600
_POLICY_NAME = "create-token-with-iam"
# From the IAM user guide, on OIDC federation: issuers that need no OIDC provider, and shared issuers, for which a trust
# policy must also compare the subject.
_BUILT_IN = {"accounts.google.com"}
_SHARED = {"token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "oidc.circleci.com"}


def oidc_provider(audit: Audit) -> Finding:
    """IAM knows the person's issuer."""
    arn = _provider(audit)
    if arn in _BUILT_IN:
        return ok(f"IAM knows {arn} by itself")
    listed = [str(each["Arn"]) for each in (audit.admin.get(reads.OIDC_PROVIDERS) or {})["OpenIDConnectProviderList"]]
    if arn in listed:
        return ok(arn)
    return failed(
        f"IAM has no OIDC provider for {printable(audit.expected_issuer)}",
        audit.shell.aws(
            "iam",
            "create-open-id-connect-provider",
            url=audit.expected_issuer,
            client_id_list=[audit.expected_client],
        ),
    )


def client_ids(audit: Audit) -> Finding:
    """The OIDC provider accepts the audience of the person's tokens."""
    arn, client_id = _provider(audit), audit.expected_client
    if arn in _BUILT_IN:
        raise NotKnown(f"IAM knows {arn} by itself, and only the role's trust policy compares the aud")
    answer = audit.admin.get(reads.OIDC_PROVIDER, OpenIDConnectProviderArn=arn)
    if answer is None:
        raise NotKnown("there is no such OIDC provider")
    client_ids = [str(each) for each in answer.get("ClientIDList", ())]
    bound = f"; tied to {answer['IdentityCenterInstanceArn']}" if answer.get("IdentityCenterInstanceArn") else ""
    if client_id in client_ids:
        return ok(f"{audit.named('client', client_id)} is among them{bound}")
    return failed(
        f"{audit.named('client', client_id)} is not among them: "
        f"{', '.join(audit.named('client', each) for each in client_ids) or 'there are none'}",
        audit.shell.aws(
            "iam", "add-client-id-to-open-id-connect-provider", open_id_connect_provider_arn=arn, client_id=client_id
        ),
    )


def caller_role(audit: Audit) -> Finding:
    """The caller's role trusts the OIDC provider and the audience of the person's tokens."""
    role_arn, provider = audit.profile.caller.web_identity_role_arn, _provider(audit)
    role = audit.role(role_arn)
    host = provider.partition(":oidc-provider/")[2] or provider
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": _WEB_IDENTITY,
        "Condition": {"StringEquals": {f"{host}:aud": audit.expected_client, **_tenant(audit, host)}},
    }
    if role is None:
        return failed(f"there is no role {role_arn}", _create(audit, role_arn, statement))
    ask = Ask(_WEB_IDENTITY, provider, "Federated", _facts(audit, host))
    verdict = policies.verdict(_trust(role), ask)
    if not verdict.allowed:
        how = "denies it" if verdict.denied else "does not admit it"
        client = audit.named("client", audit.expected_client)
        return failed(
            f"a web identity of {printable(audit.expected_issuer)} with the aud {client} "
            f"cannot open {role_arn}: its trust policy {how}",
            _change(audit, role, statement, [ask]),
        )
    open_to_all = "" if _compares_audience(_trust(role), ask) else "; it does not compare the aud of tokens"
    return ok(f"{role_arn}{policies.remarked(verdict.remarks)}{open_to_all}")


def caller_policy(audit: Audit) -> Finding:
    """The caller's own policies also allow the exchange, as AWS requires for an application in another account."""
    role_arn = audit.profile.caller.web_identity_role_arn
    if audit.role(role_arn) is None:
        raise NotKnown("there is no such role")
    simulated = audit.admin.all(
        reads.SIMULATION,
        PolicySourceArn=role_arn,
        ActionNames=[EXCHANGE],
        ResourceArns=[audit.application_arn],
    )
    decisions = {str(each.get("EvalDecision")) for each in simulated or ()}
    if decisions == {"allowed"}:
        return ok(f"they allow {EXCHANGE}")
    if "explicitDeny" in decisions:
        return failed(
            f"a policy denies {EXCHANGE} to {role_arn}",
            f"find the statement that denies {EXCHANGE}, also among the organization's, and remove it",
        )
    statement = {"Effect": "Allow", "Action": EXCHANGE, "Resource": audit.application_arn}
    return failed(
        f"the application is in account {audit.account_id}, and no policy of {role_arn} allows {EXCHANGE}",
        audit.shell.aws(
            "iam",
            "put-role-policy",
            role_name=role_arn.rpartition("/")[2],
            policy_name=_POLICY_NAME,
            policy_document=policies.extended(None, statement, ()),
        ),
    )


def session_role(audit: Audit) -> Finding:
    """The session's role lets the caller assume it and set the identity context."""
    role_arn, caller = str(audit.profile.role_arn), audit.caller_arn
    role = audit.role(role_arn)
    statement = {"Effect": "Allow", "Principal": {"AWS": policies.as_role(caller)}, "Action": [_ASSUME, _SET_CONTEXT]}
    if role is None:
        return failed(f"there is no role {role_arn}", _create(audit, role_arn, statement))
    asks = [
        Ask(action, caller, facts={"sts:requestcontextproviders": [audit.profile.identity_context_provider_arn]})
        for action in (_ASSUME, _SET_CONTEXT)
    ]
    verdicts = {ask.action: policies.verdict(_trust(role), ask) for ask in asks}
    missing = [action for action, verdict in verdicts.items() if not verdict.allowed]
    if missing:
        return failed(
            f"the trust policy of {role_arn} does not allow {' and '.join(missing)} to {policies.as_role(caller)}",
            _change(audit, role, statement, asks),
        )
    remarks = dict.fromkeys(remark for verdict in verdicts.values() for remark in verdict.remarks)
    return ok(f"{role_arn} trusts {policies.as_role(caller)}{policies.remarked(tuple(remarks))}")


def role_duration(audit: Audit) -> Finding:
    """Sessions of the role may last as long as the profile asks for."""
    role = audit.role(str(audit.profile.role_arn))
    if role is None:
        raise NotKnown("there is no such role")
    longest, requested = int(role.get("MaxSessionDuration", _LONGEST_CHAINED_S)), audit.profile.duration_seconds
    is_chained = audit.profile.target == "role" and ":user/" not in _known_caller(audit)
    needed = min(requested, _LONGEST_CHAINED_S) if is_chained else requested
    if longest >= needed:
        remark = ", and an hour at most, since a role opens it" if is_chained else ""
        return ok(f"{longest} s{remark}")
    return failed(
        f"{longest} s, and the profile asks for {needed} s",
        audit.shell.aws("iam", "update-role", role_name=str(role["RoleName"]), max_session_duration=str(needed)),
    )


def _known_caller(audit: Audit) -> str:
    try:
        return audit.caller_arn
    except NotKnown:
        return ""


def _provider(audit: Audit) -> str:
    """The OIDC provider as trust policies name it: an ARN in the role's account, or a host that IAM knows by itself.

    Raises NotKnown.
    """
    if not audit.profile.caller.web_identity_role_arn:
        raise NotKnown("the caller has keys of its own")
    account_id, own_id = audit.profile.caller.web_identity_role_arn.split(":")[4], audit.admin_arn.split(":")[4]
    if account_id != own_id:
        raise NotKnown(
            f"the caller's role is in account {account_id}, and the administrator in {own_id}: "
            "name another --admin-profile"
        )
    host = audit.expected_issuer.partition("://")[2]
    return host if host in _BUILT_IN else f"arn:{audit.partition}:iam::{account_id}:oidc-provider/{host}"


def _tenant(audit: Audit, host: str) -> dict[str, str]:
    """The claim that IAM requires a trust policy to compare if many organizations share the issuer."""
    if host not in _SHARED:
        return {}
    try:
        subject = audit.claims.get("sub")
    except NotKnown:
        subject = None
    return {f"{host}:sub": str(subject or "SUBJECT")}


def _facts(audit: Audit, host: str) -> dict[str, list[str]]:
    """The condition keys `HOST:claim` of the person's token, with their values."""
    try:
        claims: Mapping[str, Any] = audit.claims
    except NotKnown:
        return {f"{host}:aud".lower(): [audit.expected_client]}
    facts = {
        f"{host}:{name}".lower(): [str(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in claims.items()
        if isinstance(value, str | list)
    }
    return {**facts, f"{host}:aud".lower(): [audit.expected_client], f"{host}:oaud".lower(): audit.expected_audiences}


def _compares_audience(trust: policies.Document, ask: Ask) -> bool:
    """Whether the trust policy would refuse a token with another audience."""
    facts = {key: values for key, values in ask.facts.items() if not key.endswith((":aud", ":oaud"))}
    other = {key: ["another"] for key in ask.facts if key.endswith((":aud", ":oaud"))}
    return not policies.verdict(trust, Ask(ask.action, ask.principal, ask.kind, {**facts, **other})).allowed


def _trust(role: Mapping[str, Any]) -> policies.Document:
    document = role.get("AssumeRolePolicyDocument")
    return document if isinstance(document, Mapping) else {}


def _create(audit: Audit, role_arn: str, statement: policies.Document) -> str:
    path, _, name = role_arn.partition(":role/")[2].rpartition("/")
    options: dict[str, Any] = {"path": f"/{path}/"} if path else {}
    return audit.shell.aws(
        "iam",
        "create-role",
        role_name=name,
        assume_role_policy_document=policies.extended(None, statement, ()),
        **options,
    )


def _change(audit: Audit, role: Mapping[str, Any], statement: policies.Document, asks: list[Ask]) -> str:
    return audit.shell.aws(
        "iam",
        "update-assume-role-policy",
        role_name=str(role["RoleName"]),
        policy_document=policies.extended(_trust(role), statement, asks),
    )
