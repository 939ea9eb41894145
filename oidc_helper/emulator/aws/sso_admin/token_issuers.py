"""Trusted token issuers."""

import uuid

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import SERVICE, check_instance, listed, not_found
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import TrustedTokenIssuer
from oidc_helper.emulator.state import State

_TYPE = "OIDC_JWT"
# Path in the identity store -> attribute of a user.
ATTRIBUTES = {"userName": "user_name", "emails.value": "email", "externalIds.value": "external_id"}


def token_issuer(state: State, parameters: Parameters) -> TrustedTokenIssuer:
    """The issuer that is asked for. Raises Refusal."""
    arn = parameters["TrustedTokenIssuerArn"]
    found = next((each for each in state.directory.token_issuers if each.arn == arn), None)
    if found is None:
        raise not_found("Trusted token issuer")
    return found


def _create(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    rule, instance = parameters["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"], state.directory.instance
    if any(each.issuer_url == rule["IssuerUrl"] for each in state.directory.token_issuers):
        raise Refusal("ConflictException", "A trusted token issuer with that issuer URL exists")
    created = TrustedTokenIssuer(
        rule["IssuerUrl"],
        f"arn:aws:sso::{instance.owner_account_id}:trustedTokenIssuer/{instance.name}/tti-{uuid.uuid4()}",
        rule["ClaimAttributePath"],
        _attribute(rule),
        parameters["Name"],
    )
    state.directory.token_issuers.append(created)
    return {"TrustedTokenIssuerArn": created.arn}


def _describe(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    found = token_issuer(state, parameters)
    rule = {
        "IssuerUrl": found.issuer_url,
        "ClaimAttributePath": found.claim,
        "IdentityStoreAttributePath": next(path for path, name in ATTRIBUTES.items() if name == found.attribute),
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    return {**_named(found), "TrustedTokenIssuerConfiguration": {"OidcJwtConfiguration": rule}}


def _list(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    return listed(state, "TrustedTokenIssuers", [_named(each) for each in state.directory.token_issuers], parameters)


def _update(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """Change the name and the paths; the service model has no way to change the URL."""
    found = token_issuer(state, parameters)
    rule = parameters.get("TrustedTokenIssuerConfiguration", {}).get("OidcJwtConfiguration", {})
    found.name = parameters.get("Name", found.name)
    found.claim = rule.get("ClaimAttributePath", found.claim)
    if "IdentityStoreAttributePath" in rule:
        found.attribute = _attribute(rule)
    return {}


def _delete(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    found = token_issuer(state, parameters)
    if any(each.issuer is found for one in state.directory.applications for each in one.authorizations):
        raise Refusal("ConflictException", "The trusted token issuer is in use")
    state.directory.token_issuers.remove(found)
    return {}


def _attribute(rule: Parameters) -> str:
    path = rule["IdentityStoreAttributePath"]
    if path not in ATTRIBUTES:
        raise Refusal(SERVICE.invalid, f"The identity store has no attribute {path}")
    return ATTRIBUTES[path]


def _named(found: TrustedTokenIssuer) -> Parameters:
    return {"TrustedTokenIssuerArn": found.arn, "Name": found.name, "TrustedTokenIssuerType": _TYPE}


OPERATIONS: dict[str, Perform] = {
    "CreateTrustedTokenIssuer": _create,
    "DescribeTrustedTokenIssuer": _describe,
    "ListTrustedTokenIssuers": _list,
    "UpdateTrustedTokenIssuer": _update,
    "DeleteTrustedTokenIssuer": _delete,
}
