"""The script that a cold fetch is compared with: the same three calls in the fewest lines of boto3, without a store."""

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
    credentials = answer["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
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
