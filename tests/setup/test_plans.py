"""Plans of every kind of profile: valid in their languages, of one source, and safe from what settings say."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fakes.places import needs
from hcl2.api import loads as read_hcl
from ruamel.yaml import YAML
from setup import aws_stand_in, terraform_types
from setup.spec_cases import CASES, OKTA, ROLE, spec

from oidc_helper.errors import WrongSettings
from oidc_helper.setup import cloudformation, plan, providers, resources, terraform
from oidc_helper.setup.spec import Spec

HOSTILE = "x'; touch pwned; \" $(touch pwned) `touch pwned` \\ ${local.x} %{if true} {CALLER} # é"

cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@cases
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_shells_take_the_script(case: Spec, shell: str) -> None:
    needs(shutil.which(shell), shell)
    subprocess.run([shell, "-n"], input=plan("shell", case), text=True, check=True, timeout=20)


@cases
def test_shellcheck_finds_nothing(case: Spec) -> None:
    needs(shutil.which("shellcheck"), "shellcheck")
    done = subprocess.run(
        ["shellcheck", "-"], input=plan("shell", case), capture_output=True, text=True, check=False, timeout=60
    )

    assert done.stdout == ""


@cases
def test_the_aws_cli_accepts_every_call_of_the_script(case: Spec, tmp_path: Path, cli: Any) -> None:
    """Of an account in which nothing is there: commands, options, and values."""
    calls = aws_stand_in.run(plan("shell", case), tmp_path, ("dash",), CALLER="arn:aws:iam::123456789012:user/x")

    assert len(calls) > 10
    assert aws_stand_in.refused(cli, calls) == []


@cases
def test_what_the_script_prints_is_two_lines_of_the_configuration(case: Spec, tmp_path: Path) -> None:
    """With what was made in them; everything else goes to stderr."""
    import tomllib

    told = tmp_path / "told"
    aws_stand_in.run(f"{{ {plan('shell', case)} }} >{told}", tmp_path, ("dash",), CALLER="arn:aws:iam::1:user/x")
    lines = told.read_text().splitlines()

    assert len(lines) == 2
    values = tomllib.loads("\n".join(lines))
    assert values["application_arn"] == aws_stand_in.APPLICATION
    caller = {"profile": "base"} if case.other_caller else {"web_identity_role_arn": aws_stand_in.ANSWERS["Role.Arn"]}
    assert values["caller"] == caller


@cases
def test_cfn_lint_finds_nothing(case: Spec) -> None:
    """Neither errors nor warnings."""
    from cfnlint.api import lint  # it takes two seconds, which a run without this test saves
    from cfnlint.config import ManualArgs

    found = lint(plan("cloudformation", case), config=ManualArgs(regions=["us-east-1"]))

    assert [match for match in found if match.rule.id[0] in "EW"] == []


@cases
def test_the_calls_at_the_top_of_the_template_are_accepted(case: Spec, tmp_path: Path, cli: Any) -> None:
    """They make what has no resource type, from what the stack says that it has made."""
    lines = plan("cloudformation", case).splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("#   export "))
    script = "\n".join(line.removeprefix("#   ") for line in lines[first : lines.index("#", first)])
    calls = aws_stand_in.run(script, tmp_path, ("dash", "-eu"))
    made = {call[1] for call in calls} - {"describe-stacks", "list-instances"}

    assert aws_stand_in.refused(cli, calls) == []
    assert {"create-trusted-token-issuer", "put-application-grant", "put-application-authentication-method"} <= made
    assert ("put-application-access-scope" in made) == bool(case.all_scopes)
    assert ("put-application-assignment-configuration" in made) == (not case.group)


def _arguments(body: dict[str, Any], before: str = "") -> set[str]:
    names = set()
    for name, value in body.items():
        names.add(before + name)
        for block in value if isinstance(value, list) else ():
            if isinstance(block, dict):
                names |= _arguments(block, f"{before}{name}.")
    return names


@cases
def test_terraform_has_every_type_and_argument(case: Spec) -> None:
    """Each in a version of the provider that the configuration asks for."""
    read = read_hcl(plan("terraform", case))
    (settings,) = read["terraform"]
    (required,) = settings["required_providers"]
    version = tuple(map(int, re.findall(r"\d+", required["aws"]["version"])))

    found = [*read["resource"], *read["data"]]
    assert len(found) > 8
    for block in found:
        ((kind, named),) = block.items()
        (body,) = named.values()
        since, arguments = {**terraform_types.TYPES, **terraform_types.BUILT_IN}[kind]
        own = {name for name in _arguments(body) if not name.startswith("provisioner")}
        assert own <= {*arguments, *terraform_types.META}, kind
        if kind in terraform_types.TYPES:
            assert since <= version, kind


@cases
def test_terraform_would_lay_it_out_the_same(case: Spec) -> None:
    """Names of one run of attributes stand above each other, and no line ends in blanks."""
    text = plan("terraform", case)

    assert "\t" not in text
    assert not re.search(r" +$", text, re.MULTILINE)
    assert not re.search(r"\n\n\n", text)


@cases
def test_each_call_has_a_form_in_every_language(case: Spec) -> None:
    """No piece is in one plan and not in the others: what has no resource is called."""
    shell = plan("shell", case)
    for step in resources.steps(case):
        operation = step.call.operation
        assert f"{operation} " in shell
        assert operation in {*terraform._RESOURCES, *terraform._DATA, *terraform._UNRELEASED}
        if operation not in cloudformation._RESOURCES and step.condition != "GROUP" and not step.unless:
            assert f"{operation} " in plan("cloudformation", case) or operation == "list-applications"


def test_a_hostile_group_is_a_word_and_no_command(tmp_path: Path) -> None:
    """In the script, in the name that AWS gets, and nothing runs."""
    calls = aws_stand_in.run(plan("shell", spec(role_arn=ROLE, group=HOSTILE)), tmp_path, ("dash",))
    (asked,) = (call for call in calls if "get-group-id" in call)

    document = json.loads(aws_stand_in.documents(asked)["--alternate-identifier"])
    assert document["UniqueAttribute"]["AttributeValue"] == HOSTILE
    assert not (tmp_path / "pwned").exists()


def test_a_hostile_group_is_a_text_of_terraform() -> None:
    """Neither its quotes nor its templates end the text."""
    text = plan("terraform", spec(group=HOSTILE))
    (default,) = (block["group"]["default"] for block in read_hcl(text)["variable"] if "group" in block)

    assert default.replace("\\\\", "\\").replace("$${", "${").replace("%%{", "%{") == HOSTILE
    assert default.count("$${") == 1
    assert default.count("%%{") == 1


@pytest.mark.parametrize("language", ["shell", "terraform", "cloudformation"])
def test_a_hostile_prefix_stays_a_prefix(language: str, tmp_path: Path) -> None:
    """Where the objects are is a text like any other."""
    target = f"s3://reports/{HOSTILE}*"
    text = plan(language, spec(role_arn=ROLE, s3_grant_target=target, group="analysts"))

    if language == "shell":
        (call,) = (call for call in aws_stand_in.run(text, tmp_path, ("dash",)) if "create-access-grant" in call)
        location = json.loads(aws_stand_in.documents(call)["--access-grants-location-configuration"])
        assert location["S3SubPrefix"] == target.removeprefix("s3://")
    elif language == "terraform":
        assert read_hcl(text)
        assert "$${local.x}" in text
        assert "%%{if true}" in text
    else:
        grant = YAML(typ="safe").load(text)["Resources"]["AccessGrantOfTheGroup"]["Properties"]
        assert grant["AccessGrantsLocationConfiguration"]["S3SubPrefix"] == target.removeprefix("s3://")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"issuer": "https://example.com/'$(x)"}, "--issuer: AWS takes no 'https://example.com/'$(x)'"),
        ({"client_id": 'x"}'}, "--client-id: AWS takes no 'x\"}'"),
        ({"claim": "cognito:username"}, "--claim: AWS takes no 'cognito:username'"),
        ({"group": "x\ny"}, "--group: has control characters, or white space at its ends"),
        ({"issuer": "", "client_id": ""}, "a plan needs --issuer; a plan needs --client-id"),
        ({"s3_grant_target": "s3://x/*"}, "--s3-grant-target needs --role-arn"),
        ({"account_id": "111122223333"}, "--account-id needs --permission-set"),
        (
            {"account_id": "111122223333", "permission_set": "A", "role_arn": ROLE},
            "--role-arn and --permission-set: a profile has one target",
        ),
        ({"role_arn": 'arn:aws:iam::123456789012:role/a"b/c'}, "no role such as"),
    ],
)
def test_what_no_plan_can_hold_is_refused(values: dict[str, Any], problem: str) -> None:
    """All problems at once."""
    with pytest.raises(WrongSettings) as raised:
        spec(**values)

    assert raised.value.message.startswith(f"no plan can be made: {problem}")


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        (OKTA, "Okta"),
        ("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "Microsoft Entra ID"),
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "Amazon Cognito"),
        ("https://sso.example.com/realms/example", "Keycloak"),
        ("https://accounts.google.com", "Google"),
        ("https://example.eu.auth0.com/", "Auth0"),
    ],
)
@pytest.mark.parametrize("language", ["shell", "terraform", "cloudformation"])
def test_the_issuer_tells_what_to_do_at_the_provider(issuer: str, name: str, language: str) -> None:
    """The steps of this provider are comments, and those of no other one are there."""
    text = " ".join(line.strip("# ") for line in plan(language, spec(issuer=issuer)).splitlines())

    for provider in providers.PROVIDERS:
        assert (f"At {provider.name}," in text) == (provider.name == name)
        if provider.name == name:
            assert all(step in text for step in provider.steps)


def test_an_issuer_that_nobody_knows_has_the_usual_step() -> None:
    assert "a public client with PKCE" in plan("shell", spec(issuer="https://login.example.com"))


def test_a_workload_needs_no_client_at_the_provider() -> None:
    """Its tokens need the audience, and a jti."""
    text = plan("shell", spec(source="ci", issuer="https://token.actions.githubusercontent.com", client_id="aws"))

    assert "let it issue tokens with the audience aws and a jti" in text
    assert "redirect" not in text.lower()


def test_other_accounts_are_reached_by_profiles_of_their_own(tmp_path: Path) -> None:
    """Only what is in them; without the profile the script says which one it needs."""
    case = spec(
        role_arn="arn:aws:iam::999988887777:role/x",
        caller_role="arn:aws:iam::123456789012:role/tip-caller",
        application_arn=aws_stand_in.APPLICATION,
    )
    calls = aws_stand_in.run(plan("shell", case), tmp_path, ("dash",), PROFILE_999988887777="other")

    others = [call for call in calls if "--profile" in call]
    assert {call[1] for call in others} == {"other"}
    assert any("create-role" in call for call in others)
    assert any("create-role" in call for call in calls if "--profile" not in call)


def test_a_script_for_another_account_stops(tmp_path: Path) -> None:
    """Before it makes anything."""
    case = spec(role_arn="arn:aws:iam::999988887777:role/x")
    with pytest.raises(subprocess.CalledProcessError):
        aws_stand_in.run(plan("shell", case), tmp_path, ("dash",))

    assert (tmp_path / "calls").read_text().count("END") == 1
