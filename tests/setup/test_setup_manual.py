"""oidc-helper-setup(7) says what plans do: the AWS CLI accepts its commands, and the settings load."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fakes.places import needs
from homes import Home
from service_limits import knows_account_access
from settings.settings_files import load
from setup import aws_stand_in, page_parts

from oidc_helper.aws import refusals
from oidc_helper.oidc import refusals as provider_refusals

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "man/oidc-helper-setup.7").read_text(encoding="utf-8")
_BLOCKS = [
    block.replace("\\e", "\\").replace("\\(aq", "'")
    for block in re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed\n", _PAGE, re.DOTALL)
]
_README = (_ROOT / "README.md").read_text(encoding="utf-8").partition("## Set up at AWS and ")[2].partition("\n## ")[0]
_SHELL = "".join(block for block in _BLOCKS if "aws " in block)
_TOML = [block for block in _BLOCKS if block[0] == "["]
_IDENTITIES = [block for block in _TOML if block.startswith("[identity.corp]")]
(_PROFILES,) = (block for block in _TOML if block.startswith("[defaults]"))


def test_the_aws_cli_accepts_every_command(tmp_path: Path, cli: Any) -> None:
    """A shell runs the blocks as written; the AWS CLI knows each command and option, and each value fits its model."""
    needs(knows_account_access(), "a newer botocore")
    calls = aws_stand_in.run(_SHELL, tmp_path)

    assert aws_stand_in.refused(cli, calls) == []
    assert len(calls) == len(re.findall(r"(?<![:\w])aws ", _SHELL)) >= 12


def test_the_page_has_what_the_table_of_pieces_says() -> None:
    """Every command at AWS, and every step at a provider; `python -m setup.page_parts` writes them."""
    assert page_parts.in_page() == page_parts.parts()


def test_readme_is_the_shortest_path(home: Home, tmp_path: Path) -> None:
    """Ten lines, whose command prints a plan that makes everything."""
    (block,) = re.findall(r"```sh\n(.*?)```", _README, re.DOTALL)
    words = shlex.split(block.replace("\\\n", " ").partition(" >")[0])
    (tmp_path / "aws").mkdir()
    calls = aws_stand_in.run(home.run(*words[1:]).stdout, tmp_path / "aws", ("dash",))

    assert len(_README.strip().splitlines()[1:]) <= 13
    assert {"create-application", "create-trusted-token-issuer", "create-role"} <= {call[1] for call in calls}


def test_every_policy_has_the_elements_of_its_kind(tmp_path: Path) -> None:
    """A trust policy has principals, a permissions policy has resources, a resource policy has both."""
    elements_of = {
        "--assume-role-policy-document": {"Principal"},
        "--policy-document": {"Resource"},
        "--authentication-method": {"Principal", "Resource"},
    }
    policies = [
        (elements_of[option], _policy(json.loads(value)))
        for call in aws_stand_in.run(_SHELL, tmp_path)
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
    """One identity for each of the four whose settings are verified."""
    assert len(_IDENTITIES) == 4


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


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    return document if "Statement" in document else _policy(next(iter(document.values())))
