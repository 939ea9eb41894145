"""IAM for administrators: OIDC providers, and roles with their trust policies and other policies."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from oidc_helper.emulator.aws import documents, policies
from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.evaluation import Request, allows, statements
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.policies import Kind
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT, Directory, Document, Role
from oidc_helper.emulator.keys import upper
from oidc_helper.emulator.state import State
from oidc_helper.machine.hosts import is_loopback

SERVICE = Service("iam", invalid="ValidationError", actions="iam")
_MOST = 100  # entries of a page, IAM's default
_MOST_CLIENT_IDS = 100


def _list_providers(state: State, _signer: Signer | None, _asked: Parameters) -> Parameters:
    directory = state.directory
    arns = [documents.provider_arn(directory, issuer) for issuer in directory.oidc_providers]
    return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}


def _get_provider(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    issuer = _issuer(state, parameters)
    return {
        "Url": documents.without_scheme(issuer),
        "ClientIDList": sorted(state.directory.oidc_providers[issuer]),
        "CreateDate": CREATED_AT,
    }


def _create_provider(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    url, client_ids = parameters["Url"], parameters.get("ClientIDList", [])
    if not (url.startswith("https://") or is_loopback(url)) or urlsplit(url).query:
        raise Refusal("InvalidInput", "The URL must begin with https:// and have no query")
    if url in state.directory.oidc_providers:
        raise Refusal("EntityAlreadyExists", f"Provider with url {url} already exists.")
    _check_client_ids(len(client_ids))
    state.directory.oidc_providers[url] = set(client_ids)
    return {"OpenIDConnectProviderArn": documents.provider_arn(state.directory, url)}


def _add_client_id(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """Add a client id; adding it twice is no error."""
    client_ids = state.directory.oidc_providers[_issuer(state, parameters)]
    _check_client_ids(len(client_ids | {parameters["ClientID"]}))
    client_ids.add(parameters["ClientID"])
    return {}


def _remove_client_id(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    state.directory.oidc_providers[_issuer(state, parameters)].discard(parameters["ClientID"])
    return {}


def _delete_provider(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    del state.directory.oidc_providers[_issuer(state, parameters)]
    return {}


def _issuer(state: State, parameters: Parameters) -> str:
    arn = parameters["OpenIDConnectProviderArn"]
    for issuer in state.directory.oidc_providers:
        if documents.provider_arn(state.directory, issuer) == arn:
            return issuer
    raise Refusal("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


def _check_client_ids(number: int) -> None:
    if number > _MOST_CLIENT_IDS:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MOST_CLIENT_IDS}")


def _get_role(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    return {"Role": _described(state, _role(state, signer, parameters))}


def _create_role(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    name, account_id = parameters["RoleName"], required(signer).credentials.account_id
    arn = f"arn:aws:iam::{account_id}:role{parameters.get('Path', '/')}{name}"
    if any((role.account_id, role.name) == (account_id, name) for role in state.directory.roles):
        raise Refusal("EntityAlreadyExists", f"Role with name {name} already exists.")
    created = Role(
        arn,
        "AROA" + upper(17),
        trust_policy=_document(state, parameters["AssumeRolePolicyDocument"], "trust"),
        longest_session_s=parameters.get("MaxSessionDuration", 3600),
    )
    state.directory.other_roles.append(created)
    return {"Role": _described(state, created)}


def _update_role(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    role = _role(state, signer, parameters)
    role.longest_session_s = parameters.get("MaxSessionDuration", role.longest_session_s)
    return {}


def _update_trust(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _role(state, signer, parameters).trust_policy = _document(state, parameters["PolicyDocument"], "trust")
    return {}


def _put_policy(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _role(state, signer, parameters).policies[parameters["PolicyName"]] = _document(
        state, parameters["PolicyDocument"], "identity"
    )
    return {}


def _get_policy(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    role, name = _role(state, signer, parameters), parameters["PolicyName"]
    if name not in role.policies:
        raise Refusal("NoSuchEntity", f"The role policy with name {name} cannot be found.")
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": _encoded(role.policies[name])}


def _list_policies(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    return _page(state, "PolicyNames", sorted(_role(state, signer, parameters).policies), parameters)


def _attach_policy(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _role(state, signer, parameters).attached.add(parameters["PolicyArn"])
    return {}


def _list_attached(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    attached = [
        {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
        for arn in sorted(_role(state, signer, parameters).attached)
    ]
    return _page(state, "AttachedPolicies", attached, parameters)


def _simulate(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """Simulate a role's inline policies; others are not modelled."""
    role = state.directory.role(parameters["PolicySourceArn"])
    if role is None:
        raise Refusal("NoSuchEntity", f"{parameters['PolicySourceArn']} cannot be found.")
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "allowed"
            if any(allows(policy, Request(action, resource=resource)) for policy in role.policies.values())
            else "implicitDeny",
        }
        for action in parameters["ActionNames"]
        for resource in parameters.get("ResourceArns", ["*"])
    ]
    return _page(state, "EvaluationResults", results, parameters)


def _role(state: State, signer: Signer | None, parameters: Parameters) -> Role:
    """The role with that name in the caller's own account, the only one that IAM searches. Raises Refusal."""
    account_id, name = required(signer).credentials.account_id, parameters["RoleName"]
    for role in state.directory.roles:
        if (role.account_id, role.name) == (account_id, name):
            return role
    raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.")


def _document(state: State, text: str, kind: Kind) -> Document:
    """The parsed document. Raises Refusal if it has mistakes, or trusts a role or user that does not exist."""
    mistakes = policies.mistakes(text, kind)
    if not mistakes and kind == "trust":
        mistakes = [f'Invalid principal in policy: "AWS":"{arn}"' for arn in _strangers(state.directory, text)]
    if mistakes:
        raise Refusal("MalformedPolicyDocument", mistakes[0])
    return policies.parsed(text)


def _strangers(directory: Directory, text: str) -> Iterator[str]:
    known = {role.arn for role in directory.roles} | {directory.iam_user.arn, directory.administrator.arn}
    for statement in statements(policies.parsed(text)):
        principal = statement.get("Principal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        for arn in [named] if isinstance(named, str) else named:
            if arn.partition(":iam::")[2][13:].startswith(("role/", "user/")) and arn not in known:
                yield arn


def _described(state: State, role: Role) -> Parameters:
    return {
        "Path": role.arn.partition(":role")[2].removesuffix(role.name),
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": CREATED_AT,
        "AssumeRolePolicyDocument": _encoded(documents.trust_policy(state.directory, role)),
        "MaxSessionDuration": role.longest_session_s,
    }


def _encoded(document: Document) -> str:
    """The document percent-encoded (RFC 3986), as in IAM's answers."""
    return quote(policies.rendered(document), safe="")


def _page(state: State, name: str, items: list[Parameters] | list[str], parameters: Parameters) -> Parameters:
    most = state.directory.administrator_page or parameters.get("MaxItems", _MOST)
    return page(name, items, parameters, invalid=SERVICE.invalid, most=most, of_iam=True)


OPERATIONS: dict[str, Perform] = {
    "ListOpenIDConnectProviders": _list_providers,
    "GetOpenIDConnectProvider": _get_provider,
    "CreateOpenIDConnectProvider": _create_provider,
    "AddClientIDToOpenIDConnectProvider": _add_client_id,
    "RemoveClientIDFromOpenIDConnectProvider": _remove_client_id,
    "DeleteOpenIDConnectProvider": _delete_provider,
    "GetRole": _get_role,
    "CreateRole": _create_role,
    "UpdateRole": _update_role,
    "UpdateAssumeRolePolicy": _update_trust,
    "PutRolePolicy": _put_policy,
    "GetRolePolicy": _get_policy,
    "ListRolePolicies": _list_policies,
    "AttachRolePolicy": _attach_policy,
    "ListAttachedRolePolicies": _list_attached,
    "SimulatePrincipalPolicy": _simulate,
}
