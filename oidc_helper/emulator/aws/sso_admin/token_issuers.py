"""Trusted token issuers: create, describe, list, update and delete them."""

import uuid

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import SERVICE, check_instance, listed, not_found
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import TrustedTokenIssuer
from oidc_helper.emulator.state import State

_TYPE = "OIDC_JWT"
# Attribute path in the identity store -> field of DirectoryUser.
ATTRIBUTES = {"userName": "user_name", "emails.value": "email", "externalIds.value": "external_id"}


def existing_issuer(state: State, parameters: Parameters) -> TrustedTokenIssuer:
    """The requested issuer. Raises Refusal if it does not exist."""
    arn = parameters["TrustedTokenIssuerArn"]
    issuer = next((each for each in state.directory.token_issuers if each.arn == arn), None)
    if issuer is None:
        raise not_found("Trusted token issuer")
    return issuer


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
    issuer = existing_issuer(state, parameters)
    rule = {
        "IssuerUrl": issuer.issuer_url,
        "ClaimAttributePath": issuer.claim,
        "IdentityStoreAttributePath": next(path for path, name in ATTRIBUTES.items() if name == issuer.attribute),
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    return {**_named(issuer), "TrustedTokenIssuerConfiguration": {"OidcJwtConfiguration": rule}}


def _list(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    return listed(state, "TrustedTokenIssuers", [_named(each) for each in state.directory.token_issuers], parameters)


def _update(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """Change the name and the paths; the service model has no way to change the URL."""
    issuer = existing_issuer(state, parameters)
    rule = parameters.get("TrustedTokenIssuerConfiguration", {}).get("OidcJwtConfiguration", {})
    issuer.name = parameters.get("Name", issuer.name)
    issuer.claim = rule.get("ClaimAttributePath", issuer.claim)
    if "IdentityStoreAttributePath" in rule:
        issuer.attribute = _attribute(rule)
    return {}


def _delete(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    issuer = existing_issuer(state, parameters)
    if any(
        each.issuer is issuer for application in state.directory.applications for each in application.authorizations
    ):
        raise Refusal("ConflictException", "The trusted token issuer is in use")
    state.directory.token_issuers.remove(issuer)
    return {}


def _attribute(rule: Parameters) -> str:
    path = rule["IdentityStoreAttributePath"]
    if path not in ATTRIBUTES:
        raise Refusal(SERVICE.invalid, f"The identity store has no attribute {path}")
    return ATTRIBUTES[path]


def _named(issuer: TrustedTokenIssuer) -> Parameters:
    return {"TrustedTokenIssuerArn": issuer.arn, "Name": issuer.name, "TrustedTokenIssuerType": _TYPE}


OPERATIONS: dict[str, Perform] = {
    "CreateTrustedTokenIssuer": _create,
    "DescribeTrustedTokenIssuer": _describe,
    "ListTrustedTokenIssuers": _list,
    "UpdateTrustedTokenIssuer": _update,
    "DeleteTrustedTokenIssuer": _delete,
}
