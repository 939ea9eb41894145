"""The settings of an application: grants, actor policy, access scopes, session configuration."""

import json
import re

from oidc_helper.emulator.aws import documents, policies
from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import SERVICE, existing_application, listed, not_found
from oidc_helper.emulator.aws.sso_admin.token_issuers import existing_issuer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import DEFAULT_SCOPES, JWT_BEARER, TOKEN_EXCHANGE, Application, Authorization
from oidc_helper.emulator.state import State

# Grant type -> its member of the `Grant` union.
_GRANTS = {
    "authorization_code": "AuthorizationCode",
    JWT_BEARER: "JwtBearer",
    "refresh_token": "RefreshToken",
    TOKEN_EXCHANGE: "TokenExchange",
}
_MOST_SCOPES = 10  # of a page
_MOST_GRANTS = 50


def _put_grant(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, kind, grant = existing_application(state, parameters), parameters["GrantType"], parameters["Grant"]
    if _GRANTS[kind] not in grant:
        raise Refusal(SERVICE.invalid, f"The grant does not match the grant type {kind}")
    if kind == "authorization_code":
        if application.customer_managed:  # as observed at AWS
            raise Refusal(SERVICE.invalid, f"Grant type: {kind} not supported")
        application.redirect_uris = grant[_GRANTS[kind]].get("RedirectUris", [])
    if kind == JWT_BEARER:
        authorized = grant[_GRANTS[kind]].get("AuthorizedTokenIssuers", [])
        if not all("TrustedTokenIssuerArn" in each and "AuthorizedAudiences" in each for each in authorized):
            raise Refusal(SERVICE.invalid, "A trusted token issuer and its audiences are required")
        application.authorizations = [
            Authorization(existing_issuer(state, each), set(each["AuthorizedAudiences"])) for each in authorized
        ]
    application.grants.add(kind)
    return {}


def _get_grant(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, kind = existing_application(state, parameters), parameters["GrantType"]
    if kind not in application.grants:
        raise not_found("Grant")
    return {"Grant": _described(application, kind)}


def _list_grants(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    grants = [{"GrantType": kind, "Grant": _described(application, kind)} for kind in sorted(application.grants)]
    return listed(state, "Grants", grants, parameters, _MOST_GRANTS)


def _delete_grant(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, kind = existing_application(state, parameters), parameters["GrantType"]
    application.grants.discard(kind)
    if kind == JWT_BEARER:
        application.authorizations = []
    return {}


def _described(application: Application, kind: str) -> Parameters:
    details: Parameters = {}
    if kind == "authorization_code":
        details = {"RedirectUris": application.redirect_uris}
    if kind == JWT_BEARER:
        details = {
            "AuthorizedTokenIssuers": [
                {"TrustedTokenIssuerArn": each.issuer.arn, "AuthorizedAudiences": sorted(each.audiences)}
                for each in application.authorizations
            ]
        }
    return {_GRANTS[kind]: details}


def _put_authentication_method(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    policy = parameters["AuthenticationMethod"]["Iam"]["ActorPolicy"]
    if not isinstance(policy, dict):
        raise Refusal(SERVICE.invalid, "The actor policy is not an object")
    if mistakes := policies.mistakes(json.dumps(policy), "actor"):
        raise Refusal(SERVICE.invalid, f"The actor policy is not valid: {mistakes[0]}")
    application.actor_policy = policy
    return {}


def _get_authentication_method(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    policy = documents.actor_policy(existing_application(state, parameters))
    if policy is None:
        raise not_found("Authentication method")
    return {"AuthenticationMethod": {"Iam": {"ActorPolicy": policy}}}


def _list_authentication_methods(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    policy = documents.actor_policy(existing_application(state, parameters))
    method = {"AuthenticationMethodType": "IAM", "AuthenticationMethod": {"Iam": {"ActorPolicy": policy}}}
    return listed(state, "AuthenticationMethods", [method] if policy else [], parameters)


def _delete_authentication_method(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    application.actor_policy, application.actors = None, set()
    return {}


def _put_scope(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, scope = existing_application(state, parameters), parameters["Scope"]
    if scope in DEFAULT_SCOPES or re.fullmatch(
        "(sts|aws):.*", scope
    ):  # as users report: every application has these anyway
        raise Refusal(SERVICE.invalid, f"The scope {scope} is not valid")
    application.scopes[scope] = set(parameters.get("AuthorizedTargets", ()))
    return {}


def _get_scope(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, scope = existing_application(state, parameters), parameters["Scope"]
    if scope not in application.scopes:
        raise not_found("Access scope")
    return _scope(scope, application.scopes[scope])


def _list_scopes(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    scopes = existing_application(state, parameters).scopes
    return listed(state, "Scopes", [_scope(scope, scopes[scope]) for scope in sorted(scopes)], parameters, _MOST_SCOPES)


def _delete_scope(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    if existing_application(state, parameters).scopes.pop(parameters["Scope"], None) is None:
        raise not_found("Access scope")
    return {}


def _scope(name: str, targets: set[str]) -> Parameters:
    return {"Scope": name, **({"AuthorizedTargets": sorted(targets)} if targets else {})}


def _get_session_configuration(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    existing_application(state, parameters)
    return {"UserBackgroundSessionApplicationStatus": "DISABLED"}


OPERATIONS: dict[str, Perform] = {
    "PutApplicationGrant": _put_grant,
    "GetApplicationGrant": _get_grant,
    "ListApplicationGrants": _list_grants,
    "DeleteApplicationGrant": _delete_grant,
    "PutApplicationAuthenticationMethod": _put_authentication_method,
    "GetApplicationAuthenticationMethod": _get_authentication_method,
    "ListApplicationAuthenticationMethods": _list_authentication_methods,
    "DeleteApplicationAuthenticationMethod": _delete_authentication_method,
    "PutApplicationAccessScope": _put_scope,
    "GetApplicationAccessScope": _get_scope,
    "ListApplicationAccessScopes": _list_scopes,
    "DeleteApplicationAccessScope": _delete_scope,
    "GetApplicationSessionConfiguration": _get_session_configuration,
}
