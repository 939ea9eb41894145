"""The Common Runtime: signs a call of STS, and prints the answer."""

import os
from urllib.request import Request, urlopen

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from calling import calls

PATH = "/?Action=GetCallerIdentity&Version=2011-06-15"
address = os.environ["AWS_ENDPOINT_URL_STS"]
for number in calls():
    if not number:
        provider = AwsCredentialsProvider.new_default_chain()
    provider.get_credentials().result()
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4, credentials_provider=provider, region="eu-west-1", service="sts"
    )
    asked = HttpRequest("GET", PATH, HttpHeaders([("Host", address.partition("://")[2])]))
    headers = dict(aws_sign_request(asked, config).result().headers)
    with urlopen(Request(address + PATH, headers=headers)) as answer:  # noqa: S310  the emulator's
        print(answer.read().decode(), flush=True)
