"""oidc-helper-setup(7) and its short form in README: the AWS CLI accepts the commands, and the settings load."""

import json
import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.model import OperationModel
from settings.settings_files import APPLICATION, load

from oidc_helper.aws import refusals
from oidc_helper.oidc import refusals as provider_refusals

_ROOT = Path(__file__).parents[1]
_PAGE = (_ROOT / "man/oidc-helper-setup.7").read_text(encoding="utf-8")
_BLOCKS = [
    block.replace("\\e", "\\").replace("\\(aq", "'")
    for block in re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed\n", _PAGE, re.DOTALL)
]
_README = (_ROOT / "README.md").read_text(encoding="utf-8").partition("## Set up at AWS and ")[2].partition("\n## ")[0]
_SHELL = {
    "manual": "".join(block for block in _BLOCKS if "aws " in block),
    "README": "".join(re.findall(r"```sh\n(.*?)```", _README, re.DOTALL)),
}
_TOML = [*re.findall(r"```toml\n(.*?)```", _README, re.DOTALL), *(block for block in _BLOCKS if block[0] == "[")]
_IDENTITIES = [block for block in _TOML if block.startswith("[identity.corp]")]
(_PROFILES,) = (block for block in _TOML if block.startswith("[defaults]"))

# Query of a command substitution -> its answer.
_ANSWERS = {
    "Account": "123456789012",
    "Instances[0].InstanceArn": "arn:aws:sso:::instance/ssoins-1234567890abcdef",
    "Instances[0].IdentityStoreId": "d-1234567890",
    "OpenIDConnectProviderArn": "arn:aws:iam::123456789012:oidc-provider/example.okta.com/oauth2/default",
    "Role.Arn": "arn:aws:iam::123456789012:role/tip-caller",
    "ApplicationArn": APPLICATION,
    "TrustedTokenIssuerArn": "arn:aws:sso::123456789012:trustedTokenIssuer/ssoins-1234567890abcdef/"
    "tti-11111111-2222-3333-4444-555555555555",
    "GroupId": "11111111-2222-3333-4444-555555555555",
    "AccessGrantsLocationId": "default",
    "UserPool.Id": "eu-west-1_AbCdEfGhI",
    "UserPoolClient.ClientId": "1h57kf5cpq17m0eml12EXAMPLE",
}
_AWS = """\
#!/bin/sh -eu
printf '%s\\0' "$@" END >>calls
before=
for word; do
  if [ "$before" = --query ]; then cat "answers/$word"; fi
  before=$word
done
"""


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The AWS CLI of a user who has keys and no configuration."""
    from awscli.clidriver import create_clidriver

    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return create_clidriver()


@pytest.mark.parametrize("document", _SHELL)
def test_the_aws_cli_accepts_every_command(document: str, tmp_path: Path, cli: Any) -> None:
    """A shell runs the blocks as written; the AWS CLI knows each command and option, and each value fits its model."""
    sent = []

    def answer(model: OperationModel, **_: Any) -> tuple[Any, dict[str, Any]]:
        sent.append(model.name)
        return SimpleNamespace(status_code=200), {}

    cli.session.register("before-parameter-build", lambda params, model, **_: _check_words(model.input_shape, params))
    cli.session.register("before-call", answer)
    calls = _run(_SHELL[document], tmp_path)

    codes = {tuple(call): cli.main(call) for call in calls}

    assert [call for call, code in codes.items() if code] == []
    assert len(sent) == len(calls) == len(re.findall(r"(?<![:\w])aws ", _SHELL[document])) >= 12


@pytest.mark.parametrize("document", _SHELL)
def test_every_policy_has_the_elements_of_its_kind(document: str, tmp_path: Path) -> None:
    """A trust policy has principals, a permissions policy has resources, a resource policy has both."""
    elements_of = {
        "--assume-role-policy-document": {"Principal"},
        "--policy-document": {"Resource"},
        "--authentication-method": {"Principal", "Resource"},
    }
    policies = [
        (elements_of[option], _policy(json.loads(value)))
        for call in _run(_SHELL[document], tmp_path)
        for option, value in pairwise(call)
        if option in elements_of
    ]

    assert len(policies) >= 3

    for elements, policy in policies:
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            assert statement.keys() - {"Condition"} == {"Effect", "Action", *elements}


@pytest.mark.parametrize("identity", _IDENTITIES, ids=lambda block: re.findall(r'issuer += "https://(.*?)"', block)[0])
def test_the_settings_of_every_provider_load(identity: str, tmp_path: Path) -> None:
    """Each identity, together with the profiles that the manual has for it."""
    profiles = load(tmp_path, identity + _PROFILES).profiles

    assert {profile.identity.source for profile in profiles.values()} == {"browser"}
    assert {profile.target for profile in profiles.values()} == {"role", "permission set", "account access"}


def test_every_provider_has_settings() -> None:
    """README has the shortest path, the manual one identity for each of four providers."""
    assert len(_IDENTITIES) == 1 + 4


def test_every_explained_refusal_has_a_remedy() -> None:
    """The program knows each refusal that the manual explains."""
    items = re.findall(r"^\.It Sy (.*)$", _PAGE, re.MULTILINE)
    aws = [re.fullmatch(r"([\w -]+) was refused: (\w+)", item) for item in items]
    provider = [re.fullmatch(r".*(?:refused|declined): (\w+)", item) for item in items if " was refused" not in item]

    remedies = [refusals.remedy(match[1], match[2]) for match in aws if match]
    codes = {match[1] for match in provider if match}

    assert len(remedies) >= 8
    assert all(remedies)
    assert len(codes) >= 4
    assert codes <= provider_refusals.KINDS.keys()


def _run(script: str, directory: Path) -> list[list[str]]:
    """Run the script with a stand-in for `aws`; the words of each call."""
    (directory / "aws").write_text(_AWS)
    (directory / "aws").chmod(0o755)
    (directory / "answers").mkdir()
    for query, answer in _ANSWERS.items():
        (directory / "answers" / query).write_text(answer)
    environment = {"PATH": f"{directory}:{os.defpath}"}
    subprocess.run(["sh", "-eu", "-c", script], cwd=directory, env=environment, check=True, timeout=20)
    calls = (directory / "calls").read_text()
    return [call.split("\0")[:-1] for call in calls.split("END\0")[:-1]]


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    return document if "Statement" in document else _policy(next(iter(document.values())))


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
