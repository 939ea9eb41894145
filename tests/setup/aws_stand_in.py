"""A stand-in for the AWS CLI that writes down its words, and a check of these words by the real one."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.model import OperationModel

ACCOUNT = "123456789012"
APPLICATION = f"arn:aws:sso::{ACCOUNT}:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
INSTANCE = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
TENANT = f"arn:aws:account-access:eu-west-1:{ACCOUNT}:application/EXAMPLE"
GROUP_ID = "11111111-2222-3333-4444-555555555555"
# Query of a command substitution -> its answer; what a plan looks for is not there.
ANSWERS = {
    "Account": ACCOUNT,
    "Instances[].InstanceArn": INSTANCE,
    "Instances[0].InstanceArn": INSTANCE,
    "Instances[0].IdentityStoreId": "d-1234567890",
    f"Instances[?InstanceArn=='{INSTANCE}'].IdentityStoreId": "d-1234567890",
    "OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.okta.com/oauth2/default",
    "Role.Arn": f"arn:aws:iam::{ACCOUNT}:role/tip-caller",
    "ApplicationArn": APPLICATION,
    "TrustedTokenIssuerArn": f"arn:aws:sso::{ACCOUNT}:trustedTokenIssuer/ssoins-1234567890abcdef/"
    "tti-11111111-2222-3333-4444-555555555555",
    "GroupId": GROUP_ID,
    "PermissionSet.PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef",
    "AccessGrantsLocationId": "default",
    "AccessGrantsInstanceArn": f"arn:aws:s3:eu-west-1:{ACCOUNT}:access-grants/default",
    "applications[?tenantId=='aa-0123456789ab'].applicationArn": TENANT,
    "Stacks[0].Outputs[?OutputKey=='Application'].OutputValue": APPLICATION,
    "Stacks[0].Outputs[?OutputKey=='Caller'].OutputValue": f"arn:aws:iam::{ACCOUNT}:role/tip-caller",
    "UserPool.Id": "eu-west-1_AbCdEfGhI",
    "UserPoolClient.ClientId": "1h57kf5cpq17m0eml12EXAMPLE",
}
_AWS = """\
#!/bin/sh -eu
case " $* " in *" get-role "* | *" get-access-grants-instance "*)
  printf '%s\\0' "$@" END >>looks
  echo 'An error occurred (NoSuchEntity) when calling the operation' >&2
  exit 254 ;;
esac
printf '%s\\0' "$@" END >>calls
before=
for word; do
  if [ "$before" = --query ]; then
    answer=answers/$(printf '%s' "$word" | tr / _)
    [ ! -f "$answer" ] || cat "$answer"
  fi
  before=$word
done
"""


def run(script: str, directory: Path, shell: tuple[str, ...] = ("sh", "-eu"), **variables: str) -> list[list[str]]:
    """Run the script with the stand-in; the words of each call. Looks for roles are left out."""
    (directory / "aws").write_text(_AWS)
    (directory / "aws").chmod(0o755)
    (directory / "answers").mkdir()
    for query, answer in ANSWERS.items():
        (directory / "answers" / query.replace("/", "_")).write_text(answer)
    environment = {"PATH": f"{directory}:{os.defpath}", "SETTLING_SECONDS": "0", **variables}
    subprocess.run([*shell, "-c", script], cwd=directory, env=environment, check=True, timeout=60)
    calls = (directory / "calls").read_text()
    return [call.split("\0")[:-1] for call in calls.split("END\0")[:-1]]


def refused(cli: Any, calls: list[list[str]]) -> list[list[str]]:
    """The calls that the AWS CLI does not accept: each command, option and value is looked up in the service models."""
    sent = []

    def answer(model: OperationModel, **_: Any) -> tuple[Any, dict[str, Any]]:
        sent.append(model.name)
        return SimpleNamespace(status_code=200), {}

    cli.session.register("before-parameter-build", lambda params, model, **_: _check_words(model.input_shape, params))
    cli.session.register("before-call", answer)
    wrong = [call for call in calls if cli.main(call)]
    assert len(sent) == len(calls) - len(wrong)
    return wrong


def documents(call: list[str]) -> Mapping[str, str]:
    """The options of a call and their words."""
    return {word: call[at + 1] for at, word in enumerate(call[:-1]) if word.startswith("--")}


def _check_words(shape: Any, value: Any) -> None:
    """Check that a value is in the enum of the model; botocore leaves that check to the service."""
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        for name in shape.members.keys() & value.keys():
            _check_words(shape.members[name], value[name])
    elif shape.type_name == "list":
        for inner in value:
            _check_words(shape.member, inner)
    elif words := getattr(shape, "enum", None):
        assert value in words, f"{shape.name} is {value!r}, and not one of {words}"
