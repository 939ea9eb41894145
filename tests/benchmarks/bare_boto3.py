"""What a cold fetch is held against: the same three calls in the fewest lines of boto3, with nothing kept."""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

token_file, region, application_arn, caller_role_arn, role_arn = sys.argv[1:]
session = boto3.Session(region_name=region)
token = Path(token_file).read_text()


def keys(answer: Any) -> dict[str, Any]:
    given = answer["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


caller = session.client("sts", config=Config(signature_version=UNSIGNED)).assume_role_with_web_identity(
    RoleArn=caller_role_arn, RoleSessionName="benchmark", WebIdentityToken=token
)
tokens = session.client("sso-oidc", **keys(caller)).create_token_with_iam(
    clientId=application_arn, grantType="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=token
)
role = session.client("sts", **keys(caller)).assume_role(
    RoleArn=role_arn,
    RoleSessionName="benchmark",
    ProvidedContexts=[
        {
            "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
            "ContextAssertion": tokens["awsAdditionalDetails"]["identityContext"],
        }
    ],
)
print(json.dumps({"Version": 1, **keys(role)}))
