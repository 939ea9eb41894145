"""boto3: prints who it is."""

import boto3
from calling import calls

for number in calls():
    if not number:
        client = boto3.client("sts")
    print(client.get_caller_identity()["Arn"], flush=True)
