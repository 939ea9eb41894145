"""The pieces of the set-up in their order: the calls that make each, and how to see whether it exists.

All plans and the commands of oidc-helper-setup(7) come from this table. Names in braces stand for values: a plan knows
those of `shell.variables`, and calls answer the others.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from oidc_helper.setup import documents
from oidc_helper.setup.spec import Spec

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NAME = "oidc-helper"


class Call(NamedTuple):
    """A call of the AWS CLI: its options without dashes, documents not yet as JSON, and the query for its answer.

    An option that is False becomes `--no-OPTION`. `account` is the name of the account that the call goes to, if that
    may be another one than the application's.
    """

    service: str
    operation: str
    options: Mapping[str, Any]
    query: str = ""
    account: str = ""


class Search(NamedTuple):
    """A search for the element of a list whose description has the value of a name.

    `option` is the option of the description that takes the element.
    """

    listing: Call
    description: Call
    option: str
    value: str


@dataclass(frozen=True)
class Step:
    """A call that makes something, and how to see whether it exists: `look` answers nothing if it does not.

    The answer goes into `variable`. `lists` are read before the call, which keeps what is in them. A `condition` is a
    name that must have a value for the step to be taken, and `unless` are names that must have none. Without a `look`,
    the call itself looks, and `required` is the complaint if it finds nothing. `then` are names to set, with words of
    the shell. The steps `if_found` mend what existed already. The manual shows neither these nor those that are
    `only_in_plans`.
    """

    title: str
    call: Call
    look: Call | Search | None = None
    variable: str = ""
    lists: Mapping[str, Call] = field(default_factory=dict)
    condition: str = ""
    unless: tuple[str, ...] = ()
    required: str = ""
    then: Mapping[str, str] = field(default_factory=dict)
    if_found: tuple["Step", ...] = ()
    only_in_plans: bool = False
    is_slow_to_be_known: bool = False

    @property
    def key(self) -> str:
        """A name for what it makes, in small letters."""
        words = self.variable or re.sub("^(the|its) ", "", self.title.partition(",")[0])
        return re.sub("[^a-z0-9]+", "_", words.lower())


@dataclass(frozen=True)
class Piece:
    """A piece of the set-up. `heading` is its section of the manual."""

    heading: str
    is_needed: Callable[[Spec], bool]
    steps: Callable[[Spec], Sequence[Step]]


def _sso(operation: str, options: Mapping[str, Any], query: str = "") -> Call:
    return Call("sso-admin", operation, options, query)


_APPLICATION = {"application-arn": "{APPLICATION}"}
_INSTANCE = {"instance-arn": "{INSTANCE}"}


def _role(title: str, prefix: str, trust: documents.Statement, same: str) -> Step:
    """A role with its trust policy, which is extended if the role exists and does not trust the same already.

    `same` is the JMESPath condition on a statement that says the same.
    """
    account, name = f"{prefix}_ACCOUNT", {"role-name": f"{{{prefix}_NAME}}"}
    statements = "[Role.AssumeRolePolicyDocument.Statement][] | "
    creation = {
        **name,
        "path": f"{{{prefix}_PATH}}",
        "assume-role-policy-document": documents.policy(trust),
    }
    update = {**name, "policy-document": documents.policy(trust, others=True)}
    return Step(
        title,
        Call("iam", "create-role", creation, "Role.Arn", account),
        Call("iam", "get-role", name, "Role.Arn", account),
        variable=prefix,
        if_found=(
            Step(
                f"the trust policy of {title}",
                Call("iam", "update-assume-role-policy", update, account=account),
                Call("iam", "get-role", name, f"{statements}[?Effect=='Allow' && {same}].Effect", account),
                lists={"OTHERS": Call("iam", "get-role", name, f"{statements}[?@]", account)},
            ),
        ),
        is_slow_to_be_known=prefix == "CALLER",
    )


def _role_policy(title: str, prefix: str, policy_name: str, same: str, *statements: documents.Statement) -> Step:
    """A policy of a role, which is written unless the role has one of that name that says the `same`."""
    name = {"role-name": f"{{{prefix}_NAME}}", "policy-name": policy_name}
    return Step(
        title,
        Call(
            "iam",
            "put-role-policy",
            {**name, "policy-document": documents.policy(*statements)},
            account=f"{prefix}_ACCOUNT",
        ),
        Call("iam", "get-role-policy", name, f"[PolicyDocument.Statement][] | [?{same}].Effect", f"{prefix}_ACCOUNT"),
    )


def _identity_provider(spec: Spec) -> list[Step]:
    if spec.is_known_to_iam:
        return []
    provider = {"open-id-connect-provider-arn": "{PROVIDER}"}
    return [
        Step(
            "the identity provider in IAM",
            Call(
                "iam",
                "create-open-id-connect-provider",
                {"url": "{ISSUER}", "client-id-list": ("{AUDIENCE}",)},
                "OpenIDConnectProviderArn",
                "CALLER_ACCOUNT",
            ),
            Call(
                "iam",
                "list-open-id-connect-providers",
                {},
                "OpenIDConnectProviderList[?ends_with(Arn, ':oidc-provider/{ISSUER_NAME}')].Arn",
                "CALLER_ACCOUNT",
            ),
            variable="PROVIDER",
            if_found=(
                Step(
                    "its client",
                    Call(
                        "iam",
                        "add-client-id-to-open-id-connect-provider",
                        {**provider, "client-id": "{AUDIENCE}"},
                        account="CALLER_ACCOUNT",
                    ),
                    Call(
                        "iam",
                        "get-open-id-connect-provider",
                        provider,
                        "ClientIDList[?@=='{AUDIENCE}']",
                        "CALLER_ACCOUNT",
                    ),
                ),
            ),
        ),
    ]


def _caller(spec: Spec) -> list[Step]:
    same = (
        "contains([Action][], 'sts:AssumeRoleWithWebIdentity') && contains([Principal.Federated][], '{PROVIDER}')"
        """ && contains([Condition.StringEquals."{ISSUER_NAME}:aud"][], '{AUDIENCE}')"""
    )
    return [
        *_identity_provider(spec),
        _role("the role of the caller", "CALLER", documents.CALLER_TRUST, same),
    ]


def _application(spec: Spec) -> list[Step]:
    method = {**_APPLICATION, "authentication-method-type": "IAM"}
    statements = "[AuthenticationMethod.Iam.ActorPolicy.Statement][] | "
    same = (
        "Effect=='Allow' && contains([Action][], 'sso-oauth:CreateTokenWithIAM')"
        " && contains([Principal.AWS][], '{CALLER}')"
    )
    steps = [
        Step(
            "the application",
            _sso(
                "create-application",
                {
                    **_INSTANCE,
                    "name": NAME,
                    "application-provider-arn": "arn:{PARTITION}:sso::aws:applicationProvider/custom",
                },
                "ApplicationArn",
            ),
            _sso("list-applications", _INSTANCE, f"Applications[?Name=='{NAME}'].ApplicationArn"),
            variable="APPLICATION",
            if_found=(
                Step(
                    "the application work again: it was disabled",
                    _sso("update-application", {**_APPLICATION, "status": "ENABLED"}),
                    _sso("describe-application", _APPLICATION, "[Status] | [?@=='ENABLED']"),
                ),
            ),
        ),
        Step(
            "its actor policy",
            _sso(
                "put-application-authentication-method",
                {**method, "authentication-method": documents.actor_policy(others=True)},
            ),
            _sso("get-application-authentication-method", method, f"{statements}[?{same}].Effect"),
            lists={"OTHERS": _sso("get-application-authentication-method", method, f"{statements}[?@]")},
        ),
    ]
    if not spec.has_caller_role:
        return steps
    exchange = _role_policy(
        "the permission of the caller to exchange tokens",
        "CALLER",
        "exchange",
        "contains([Resource][], '{APPLICATION}')",
        documents.EXCHANGE,
    )
    return [*steps, exchange]


def _grants(_: Spec) -> list[Step]:
    described = {"trusted-token-issuer-arn": "{EACH}"}
    issuers = "Grant.JwtBearer.AuthorizedTokenIssuers"
    audiences = f"{issuers}[?TrustedTokenIssuerArn=='{{TRUSTED}}'].AuthorizedAudiences[]"
    jwt, refresh = ({**_APPLICATION, "grant-type": kind} for kind in (JWT_BEARER, "refresh_token"))
    return [
        Step(
            "the trusted token issuer",
            _sso(
                "create-trusted-token-issuer",
                {
                    **_INSTANCE,
                    "name": "{TRUSTED_NAME}",
                    "trusted-token-issuer-type": "OIDC_JWT",
                    "trusted-token-issuer-configuration": documents.TRUSTED_ISSUER,
                },
                "TrustedTokenIssuerArn",
            ),
            Search(
                _sso("list-trusted-token-issuers", _INSTANCE, "TrustedTokenIssuers[].TrustedTokenIssuerArn"),
                _sso(
                    "describe-trusted-token-issuer",
                    described,
                    "TrustedTokenIssuerConfiguration.OidcJwtConfiguration.IssuerUrl",
                ),
                "trusted-token-issuer-arn",
                "ISSUER",
            ),
            variable="TRUSTED",
        ),
        Step(
            "the grant for identity tokens",
            _sso("put-application-grant", {**jwt, "grant": documents.jwt_bearer(others=True)}),
            _sso("get-application-grant", jwt, f"{audiences} | [?@=='{{AUDIENCE}}']"),
            lists={
                "OTHERS": _sso("get-application-grant", jwt, f"{issuers}[?TrustedTokenIssuerArn!='{{TRUSTED}}']"),
                "OTHER_AUDIENCES": _sso("get-application-grant", jwt, audiences),
            },
        ),
        Step(
            "the grant for refresh tokens",
            _sso("put-application-grant", {**refresh, "grant": documents.REFRESH}),
            _sso("list-application-grants", _APPLICATION, "Grants[?GrantType=='refresh_token'].GrantType"),
        ),
    ]


def _assignment(_: Spec) -> list[Step]:
    return [
        Step(
            "the group",
            Call(
                "identitystore",
                "get-group-id",
                {"identity-store-id": "{STORE}", "alternate-identifier": documents.GROUP},
                "GroupId",
            ),
            variable="GROUP_ID",
            condition="GROUP",
        ),
        Step(
            "the assignment of the group",
            _sso(
                "create-application-assignment",
                {**_APPLICATION, "principal-type": "GROUP", "principal-id": "{GROUP_ID}"},
            ),
            _sso(
                "list-application-assignments",
                _APPLICATION,
                "ApplicationAssignments[?PrincipalId=='{GROUP_ID}'].PrincipalId",
            ),
            condition="GROUP",
        ),
    ]


def _everybody(_: Spec) -> list[Step]:
    """An application that has assignments is never opened to everybody."""
    return [
        Step(
            "assignments, if any",
            _sso("list-application-assignments", _APPLICATION, "ApplicationAssignments[].PrincipalId"),
            variable="ASSIGNED",
            only_in_plans=True,
        ),
        Step(
            "the application open to every user of Identity Center",
            _sso("put-application-assignment-configuration", {**_APPLICATION, "assignment-required": False}),
            _sso(
                "get-application-assignment-configuration",
                _APPLICATION,
                "[AssignmentRequired] | [?!@]",
            ),
            unless=("GROUP", "ASSIGNED"),
        ),
    ]


def _scopes(*scopes: str) -> list[Step]:
    return [
        Step(
            f"the scope {scope}",
            _sso("put-application-access-scope", {**_APPLICATION, "scope": scope}),
            _sso("list-application-access-scopes", _APPLICATION, f"Scopes[?Scope=='{scope}'].Scope"),
        )
        for scope in scopes
    ]


def _role_session(spec: Spec) -> list[Step]:
    same = (
        "contains([Action][], 'sts:AssumeRole') && contains([Action][], 'sts:SetContext')"
        " && contains([Principal.AWS][], '{CALLER}')"
    )
    steps = [_role("the role of the session", "ROLE", documents.ROLE_TRUST, same)]
    if spec.has_caller_role:
        steps.append(
            _role_policy(
                "the permission of the caller to assume it",
                "CALLER",
                "assume-{ROLE_NAME}",
                "contains([Resource][], '{ROLE}')",
                documents.ASSUME,
            )
        )
    return steps


def _redshift(spec: Spec) -> list[Step]:
    if not spec.role:
        return []
    same = "contains([Action][], 'redshift:GetIdentityCenterAuthToken')"
    return [_role_policy("the permission for Redshift", "ROLE", "redshift", same, documents.REDSHIFT)]


def _permission_set(_: Spec) -> list[Step]:
    assignment = {
        **_INSTANCE,
        "permission-set-arn": "{PERMISSION_SET_ARN}",
        "target-type": "AWS_ACCOUNT",
        "target-id": "{ACCOUNT_ID}",
        "principal-type": "GROUP",
        "principal-id": "{GROUP_ID}",
    }
    return [
        Step(
            "the permission set, which has no policy yet",
            _sso("create-permission-set", {**_INSTANCE, "name": "{PERMISSION_SET}"}, "PermissionSet.PermissionSetArn"),
            Search(
                _sso("list-permission-sets", _INSTANCE, "PermissionSets[]"),
                _sso("describe-permission-set", {**_INSTANCE, "permission-set-arn": "{EACH}"}, "PermissionSet.Name"),
                "permission-set-arn",
                "PERMISSION_SET",
            ),
            variable="PERMISSION_SET_ARN",
        ),
        Step(
            "the group's assignment to it",
            _sso("create-account-assignment", assignment),
            _sso(
                "list-account-assignments",
                {**_INSTANCE, "account-id": "{ACCOUNT_ID}", "permission-set-arn": "{PERMISSION_SET_ARN}"},
                "AccountAssignments[?PrincipalId=='{GROUP_ID}'].PrincipalId",
            ),
            condition="GROUP",
        ),
    ]


def _account_access(_: Spec) -> list[Step]:
    same = "contains([Principal.Service][], 'account-access.amazonaws.com') && contains([Action][], 'sts:TagSession')"
    tenant = {"application-arn": "{TENANT_ARN}"}
    return [
        Step(
            "the tenant",
            Call(
                "account-access",
                "list-applications",
                {},
                "applications[?tenantId=='{TENANT}'].applicationArn",
            ),
            variable="TENANT_ARN",
            required="account access manager has no such tenant: aws account-access create-application makes one",
        ),
        _role("the role of account access manager", "ROLE", documents.TENANT_TRUST, same),
        Step(
            "the entitlement of the group",
            Call(
                "account-access",
                "create-entitlement",
                {**tenant, "entitlement": documents.ENTITLEMENT},
                "entitlementId",
            ),
            Call(
                "account-access",
                "list-entitlements",
                {**tenant, "filter": documents.ENTITLEMENTS_OF_GROUP},
                "entitlements[?entitlement.principalRole.roleArn=='{ROLE}'].entitlementId",
            ),
            condition="GROUP",
        ),
    ]


def _s3_grant(spec: Spec) -> list[Step]:
    def s3(operation: str, options: Mapping[str, Any], query: str = "") -> Call:
        return Call(
            "s3control",
            operation,
            {"account-id": "{GRANTS_ACCOUNT}", "region": "{GRANTS_REGION}", **options},
            query,
            "GRANTS_ACCOUNT",
        )

    location = {"location-scope": "s3://"}
    same = "contains([Principal.Service][], 'access-grants.s3.amazonaws.com')"
    one_object = {"s3-prefix-type": "Object"} if spec.is_one_object else {}
    return [
        _role_policy(
            "the permission for access grants",
            "ROLE",
            "access-grants",
            "contains([Action][], 's3:GetDataAccess')",
            documents.DATA_ACCESS,
        ),
        Step(
            "the role of the location",
            s3("list-access-grants-locations", location, "AccessGrantsLocationsList[].IAMRoleArn"),
            variable="LOCATION_ROLE",
            only_in_plans=True,
        ),
        replace(
            _role("the role of the location", "LOCATION_ROLE", documents.LOCATION_TRUST, same),
            unless=("LOCATION_ROLE",),
            then={"LOCATION_ROLE_NAME": "${LOCATION_ROLE##*/}"},
        ),
        _role_policy(
            "its permission on the bucket",
            "LOCATION_ROLE",
            "{BUCKET}",
            "contains([Action][], 's3:ListBucket')",
            documents.OBJECTS,
            documents.BUCKET,
        ),
        Step(
            "the S3 Access Grants instance",
            s3("create-access-grants-instance", {"identity-center-arn": "{INSTANCE}"}, "AccessGrantsInstanceArn"),
            s3("get-access-grants-instance", {}, "AccessGrantsInstanceArn"),
            variable="GRANTS_INSTANCE",
            if_found=(
                Step(
                    "its association with Identity Center",
                    s3("associate-access-grants-identity-center", {"identity-center-arn": "{INSTANCE}"}),
                    s3("get-access-grants-instance", {}, "[IdentityCenterInstanceArn, IdentityCenterArn] | [?@]"),
                ),
            ),
        ),
        Step(
            "the location",
            s3(
                "create-access-grants-location",
                {**location, "iam-role-arn": "{LOCATION_ROLE}"},
                "AccessGrantsLocationId",
            ),
            s3("list-access-grants-locations", location, "AccessGrantsLocationsList[].AccessGrantsLocationId"),
            variable="LOCATION",
        ),
        Step(
            "the access grant of the group",
            s3(
                "create-access-grant",
                {
                    "access-grants-location-id": "{LOCATION}",
                    "access-grants-location-configuration": {"S3SubPrefix": "{SUB_PREFIX}"},
                    **one_object,
                    "permission": "{PERMISSION}",
                    "grantee": {"GranteeType": "DIRECTORY_GROUP", "GranteeIdentifier": "{GROUP_ID}"},
                },
            ),
            s3(
                "list-access-grants",
                {"grant-scope": "s3://{SUB_PREFIX}"},
                "AccessGrantsList[?Permission=='{PERMISSION}'].Grantee.GranteeIdentifier | [?@=='{GROUP_ID}']",
            ),
            condition="GROUP",
        ),
    ]


PIECES: Sequence[Piece] = (
    Piece("The caller", lambda spec: spec.has_caller_role, _caller),
    Piece("The application", lambda _: True, _application),
    Piece("The trusted token issuer", lambda _: True, _grants),
    Piece("Who may sign in", lambda _: True, _assignment),
    Piece("Or everybody", lambda _: True, _everybody),
    Piece("Scopes", lambda spec: bool(spec.all_scopes), lambda spec: _scopes(*spec.all_scopes)),
    Piece("A role session", lambda spec: bool(spec.role) and not spec.tenant, _role_session),
    Piece("A permission set", lambda spec: bool(spec.permission_set), _permission_set),
    Piece("A role of account access manager", lambda spec: bool(spec.tenant), _account_access),
    Piece("Redshift", lambda spec: "redshift" in spec.for_, _redshift),
    Piece("S3 access grants", lambda spec: bool(spec.target), _s3_grant),
)


def pieces(spec: Spec) -> list[tuple[str, Sequence[Step]]]:
    """The headings and steps of a set-up."""
    return [(piece.heading, piece.steps(spec)) for piece in PIECES if piece.is_needed(spec)]
