"""The policies of the set-up, each as one statement; names in braces stand for what a plan knows or makes."""

from collections.abc import Mapping
from typing import Any

Statement = Mapping[str, Any]

VERSION = "2012-10-17"
OTHERS = "{OTHERS}"
LISTS = (OTHERS, "{OTHER_AUDIENCES}")
"""In a list: what AWS already has in it, which a plan keeps if it looks before it makes."""

CALLER_TRUST: Statement = {
    "Effect": "Allow",
    "Principal": {"Federated": "{PROVIDER}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"{ISSUER_NAME}:aud": "{AUDIENCE}"}},
}
ACTOR: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": "{CALLER}"},
    "Action": "sso-oauth:CreateTokenWithIAM",
    "Resource": "*",
}
EXCHANGE: Statement = {"Effect": "Allow", "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "{APPLICATION}"}
ROLE_TRUST: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": "{CALLER}"},
    "Action": ["sts:AssumeRole", "sts:SetContext"],
}
ASSUME: Statement = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetContext"], "Resource": "{ROLE}"}
TENANT_TRUST: Statement = {
    "Effect": "Allow",
    "Principal": {"Service": "account-access.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:SetContext", "sts:TagSession"],
    "Condition": {"StringEquals": {"aws:SourceAccount": "{ACCOUNT}", "aws:SourceArn": "{TENANT_ARN}"}},
}
REDSHIFT: Statement = {
    "Effect": "Allow",
    "Action": ["redshift:GetIdentityCenterAuthToken", "redshift-serverless:GetIdentityCenterAuthToken"],
    "Resource": "*",
}
DATA_ACCESS: Statement = {"Effect": "Allow", "Action": "s3:GetDataAccess", "Resource": "*"}
LOCATION_TRUST: Statement = {
    "Effect": "Allow",
    "Principal": {"Service": "access-grants.s3.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:SetContext"],
    "Condition": {"StringEquals": {"aws:SourceAccount": "{GRANTS_ACCOUNT}"}},
}
OBJECTS: Statement = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    "Resource": "arn:{PARTITION}:s3:::{BUCKET}/*",
}
BUCKET: Statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:{PARTITION}:s3:::{BUCKET}"}

TRUSTED_ISSUER: Mapping[str, Any] = {
    "OidcJwtConfiguration": {
        "IssuerUrl": "{ISSUER}",
        "ClaimAttributePath": "{CLAIM}",
        "IdentityStoreAttributePath": "{ATTRIBUTE}",
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
}
REFRESH: Mapping[str, Any] = {"RefreshToken": {}}
GROUP: Mapping[str, Any] = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "{GROUP}"}}
_GROUP_ID = {"identityCenter": {"groupId": "{GROUP_ID}"}}
ENTITLEMENT: Mapping[str, Any] = {"principalRole": {"principal": _GROUP_ID, "roleArn": "{ROLE}"}}
ENTITLEMENTS_OF_GROUP: Mapping[str, Any] = {"principalRole": {"principal": _GROUP_ID}}


def policy(*statements: Statement, others: bool = False) -> Mapping[str, Any]:
    """A whole policy; with `others`, the statements of the existing one follow."""
    return {"Version": VERSION, "Statement": [*statements, *([OTHERS] if others else [])]}


def actor_policy(*, others: bool = False) -> Mapping[str, Any]:
    """The authentication method of an application."""
    return {"Iam": {"ActorPolicy": policy(ACTOR, others=others)}}


def jwt_bearer(*, others: bool = False) -> Mapping[str, Any]:
    """The grant for identity tokens."""
    audiences = ["{AUDIENCE}", *(["{OTHER_AUDIENCES}"] if others else [])]
    issuer = {"TrustedTokenIssuerArn": "{TRUSTED}", "AuthorizedAudiences": audiences}
    return {"JwtBearer": {"AuthorizedTokenIssuers": [issuer, *([OTHERS] if others else [])]}}
