"""The commands that doctor --admin prints, and what it makes of a policy."""

import subprocess
from typing import Any

import pytest

from oidc_helper.doctor.admin import policies
from oidc_helper.doctor.admin.commands import Shell
from oidc_helper.doctor.admin.policies import Ask

ACCOUNT = "123456789012"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/tip-caller"
EXCHANGE = "sso-oauth:CreateTokenWithIAM"


def test_powershell_gets_its_own_quotes() -> None:
    """Any version of it hands the quotation marks on; a variable is joined to the text."""
    shell = Shell("it's mine", powershell=True)
    plain = shell.aws("iam", "get-role", role_name="reader")
    document = shell.aws("iam", "create-role", document={"Principal": "o'neil"})
    kept = shell.keeping("issuer", Shell(powershell=True).aws("sso-admin", "make", rule={"a": "b"}), "Arn")
    used = Shell(powershell=True).aws("sso-admin", "put", grant={"Arn": Shell.variable("issuer")})

    assert plain == "aws iam get-role --role-name reader --profile 'it''s mine'"
    assert document.splitlines()[0] == "$PSNativeCommandArgumentPassing = 'Legacy'"
    assert """'{\\"Principal\\":\\"o''neil\\"}'""" in document.splitlines()[1]
    assert kept.splitlines()[-1].startswith("$issuer = aws sso-admin make --rule ")
    assert kept.endswith("--query Arn --output text")
    assert used.splitlines()[-1] == """aws sso-admin put --grant ('{\\"Arn\\":\\"'+$issuer+'\\"}')"""


def test_a_posix_shell_reads_back_what_was_meant() -> None:
    """Quotation marks, blanks and a variable."""
    shell = Shell()
    made = shell.keeping("issuer", "printf %s 'tti'", "Arn").partition(" --query")[0] + ")"
    used = shell.aws("s", "o", grant={"Arn": shell.variable("issuer"), "who": "o'neil & co"})
    words = subprocess.run(
        ["sh", "-c", f'aws() {{ printf "%s\\n" "$@"; }}\n{made}\n{used}'], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert words == ["s", "o", "--grant", '{"Arn":"tti","who":"o\'neil & co"}']


@pytest.mark.parametrize(
    ("statement", "allowed", "remark"),
    [
        ({"Principal": {"AWS": CALLER}}, True, ""),
        ({"Principal": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/tip-caller/alice"}}, True, ""),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, True, "the whole account"),
        ({"Principal": "*"}, True, "everybody"),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, True, "aws:PrincipalOrgID"),
        ({"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": CALLER}}}, True, ""),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "9" * 12}}}, False, ""),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/tip-caller-2"}}, False, ""),
        ({"Principal": {"AWS": CALLER}, "Action": "sso-oauth:*"}, True, ""),
        ({"Principal": {"AWS": CALLER}, "NotAction": "sso-oauth:CreateTokenWithIAM", "Action": None}, False, ""),
    ],
)
def test_an_actor_policy_is_understood(statement: dict[str, Any], allowed: bool, remark: str) -> None:  # noqa: FBT001
    """What only AWS can decide is taken as met, and named."""
    document = {"Statement": {"Effect": "Allow", "Action": EXCHANGE, "Resource": "*", **statement}}
    said = policies.verdict(document, Ask(EXCHANGE, CALLER))

    assert said.allowed is allowed
    assert (remark in "".join(said.remarks)) if remark else said.remarks == ()
