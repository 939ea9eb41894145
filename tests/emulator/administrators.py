"""An administrator's calls, and the whole set-up of an empty organization by them."""

import json
from dataclasses import dataclass
from typing import Any

from emulator.aws_callers import Caller

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import CUSTOM_PROVIDER, JWT_BEARER

Answer = dict[str, Any]


def administrator(emulator: Emulator) -> Caller:
    user = emulator.directory.administrator
    return Caller(emulator, user.access_key_id, user.secret_access_key)


def policy(*statements: Answer) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


@dataclass(frozen=True)
class SetUp:
    """What was made."""

    application_arn: str
    caller_role_arn: str
    session_role_arn: str


def set_up(emulator: Emulator, *, assigned: str = "alice") -> SetUp:
    """Make all that a role session needs, as a plan does."""
    iam, center = (administrator(emulator).client(name) for name in ("iam", "sso-admin"))
    store = administrator(emulator).client("identitystore")
    provider = iam.create_open_id_connect_provider(Url=emulator.issuer, ClientIDList=[emulator.client_id])
    host = emulator.issuer.partition("://")[2]
    caller_role = iam.create_role(
        RoleName="tip",
        AssumeRolePolicyDocument=policy(
            {
                "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{host}:aud": emulator.client_id}},
            }
        ),
    )["Role"]["Arn"]
    session_role = iam.create_role(
        RoleName="reader",
        AssumeRolePolicyDocument=policy(
            {"Principal": {"AWS": caller_role}, "Action": ["sts:AssumeRole", "sts:SetContext"]}
        ),
    )["Role"]["Arn"]
    (instance,) = center.list_instances()["Instances"]
    issuer = center.create_trusted_token_issuer(
        InstanceArn=instance["InstanceArn"],
        Name="corp",
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={
            "OidcJwtConfiguration": {
                "IssuerUrl": emulator.issuer,
                "ClaimAttributePath": "email",
                "IdentityStoreAttributePath": "emails.value",
                "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
            }
        },
    )["TrustedTokenIssuerArn"]
    application = center.create_application(
        InstanceArn=instance["InstanceArn"], ApplicationProviderArn=CUSTOM_PROVIDER, Name="analytics"
    )["ApplicationArn"]
    authorized = {"TrustedTokenIssuerArn": issuer, "AuthorizedAudiences": [emulator.client_id]}
    grants = {
        JWT_BEARER: {"JwtBearer": {"AuthorizedTokenIssuers": [authorized]}},
        "refresh_token": {"RefreshToken": {}},
    }
    for kind, grant in grants.items():
        center.put_application_grant(ApplicationArn=application, GrantType=kind, Grant=grant)
    center.put_application_authentication_method(
        ApplicationArn=application,
        AuthenticationMethodType="IAM",
        AuthenticationMethod={
            "Iam": {
                "ActorPolicy": json.loads(
                    policy(
                        {"Principal": {"AWS": caller_role}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}
                    )
                )
            }
        },
    )
    center.put_application_access_scope(ApplicationArn=application, Scope="sso:account:access")
    unique = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": assigned}}
    user = store.get_user_id(IdentityStoreId=instance["IdentityStoreId"], AlternateIdentifier=unique)["UserId"]
    center.create_application_assignment(ApplicationArn=application, PrincipalId=user, PrincipalType="USER")
    return SetUp(application, caller_role, session_role)
