"""boto3: from an identity token to credentials. Prints what aws_sdk.mjs prints."""

import os

import boto3

token, application, role = (os.environ[name] for name in ("TOKEN", "APPLICATION", "ROLE"))
context_provider = "arn:aws:iam::aws:contextProvider/IdentityCenter"


def session(keys: dict[str, str]) -> boto3.Session:
    """A session with the credentials of an answer, whose spelling is STS's or the portal's."""
    first, second, third = (keys[name] for name in keys if "xpiration" not in name)
    return boto3.Session(first, second, third)


opened = boto3.client("sts").assume_role_with_web_identity(
    RoleArn=os.environ["CALLER_ROLE"], RoleSessionName="python", WebIdentityToken=token
)
caller = session(opened["Credentials"])
center = caller.client("sso-oidc")
exchanged = center.create_token_with_iam(
    clientId=application, grantType="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=token
)
refreshed = center.create_token_with_iam(
    clientId=application, grantType="refresh_token", refreshToken=exchanged["refreshToken"]
)
context = refreshed["awsAdditionalDetails"]["identityContext"]
assumed = caller.client("sts").assume_role(
    RoleArn=role,
    RoleSessionName="python",
    ProvidedContexts=[{"ProviderArn": context_provider, "ContextAssertion": context}],
)
person = session(assumed["Credentials"])
print(person.client("sts").get_caller_identity()["Arn"])

portal = boto3.client("sso").get_role_credentials(
    accessToken=refreshed["accessToken"], accountId="111122223333", roleName="Admin"
)
print(session(portal["roleCredentials"]).client("sts").get_caller_identity()["Account"])

if target := os.environ.get("TARGET"):
    granted = person.client("s3control").get_data_access(AccountId=role.split(":")[4], Target=target, Permission="READ")
    print(granted["MatchedGrantTarget"])
