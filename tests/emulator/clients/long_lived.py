"""boto3 in a program that runs on: asks who it is until it had that many access keys."""

import os
import time

import boto3

seen = set[str]()
session = boto3.Session()
client = session.client("sts")
while len(seen) < int(os.environ["KEYS"]):
    client.get_caller_identity()
    seen.add(session.get_credentials().get_frozen_credentials().access_key)
    time.sleep(0.3)
print(len(seen))
