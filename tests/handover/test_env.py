"""`env`: variables in the words of each shell, read by the shells themselves."""

import json
import shutil
import subprocess

import pytest
from cli.transcript import complaint
from fakes.places import needs
from homes import Home

from oidc_helper.cli.arguments import COMMANDS
from oidc_helper.errors import WrongSettings
from oidc_helper.handover.formats import FORMATS

NASTY = "a b'c\"d\\e$f`g;h%i*"


def test_the_variables_are_those_of_the_contract(ready: Home) -> None:
    printed = json.loads(ready.run("env", "analytics", "--format", "json").stdout)
    credentials = ready.get("analytics")

    assert printed == {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_CREDENTIAL_EXPIRATION": credentials["Expiration"],
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "OIDC_HELPER_PROFILE": "analytics",
    }


@pytest.mark.parametrize(
    ("shell", "form", "command"),
    [
        ("sh", "sh", 'eval "$(cat)"'),
        ("bash", "sh", 'eval "$(cat)"'),
        ("zsh", "sh", 'eval "$(cat)"'),
        ("fish", "fish", "source"),
    ],
)
def test_each_shell_reads_what_is_for_it(shell: str, form: str, command: str) -> None:
    """Every character comes through, and what led elsewhere is gone."""
    program = shutil.which(shell)
    needs(program is not None, shell)

    read = subprocess.run(
        [str(program), "-c", f"{command}; env"],
        input=FORMATS[form]({"AWS_SESSION_TOKEN": NASTY, "AWS_REGION": "eu-west-1"}, ["AWS_PROFILE"]),
        env={"AWS_PROFILE": "wrong", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert f"AWS_SESSION_TOKEN={NASTY}" in read
    assert "AWS_REGION=eu-west-1" in read
    assert not any(line.startswith("AWS_PROFILE=") for line in read)


def test_a_shell_that_evaluates_it_has_the_credentials(ready: Home) -> None:
    """And not the AWS profile that it had before."""
    printed = ready.run("env", "analytics", AWS_PROFILE="x").stdout
    script = 'eval "$1"; echo "$OIDC_HELPER_PROFILE $AWS_PROFILE."'

    assert subprocess.check_output(["/bin/sh", "-c", script, "sh", printed], env={"AWS_PROFILE": "x"}, text=True) == (
        "analytics .\n"
    )


def test_powershell_and_cmd_have_their_own_quotes() -> None:
    """They cannot be run here: their rules are those of their manuals."""
    removed = "Remove-Item Env:B -ErrorAction SilentlyContinue\n"

    assert FORMATS["powershell"]({"A": "it's"}, ["B"]) == f"{removed}$Env:A = 'it''s'\n"
    assert FORMATS["cmd"]({"A": "b c&d"}, ["B"]) == 'set B=\nset "A=b c&d"\n'
    with pytest.raises(WrongSettings, match="cmd cannot take the value of A"):
        FORMATS["cmd"]({"A": 'b" & del'}, [])


def test_a_file_for_docker_has_no_quotes_where_none_are_needed(ready: Home) -> None:
    lines = ready.run("env", "analytics", "--format", "dotenv").stdout.splitlines()

    assert all("'" not in line for line in lines)
    assert "OIDC_HELPER_PROFILE=analytics" in lines


def test_an_unknown_format_is_wrong_usage(ready: Home) -> None:
    assert complaint(ready.run("env", "analytics", "--format", "csh")).code == 2


def test_the_command_line_takes_every_format() -> None:
    """It has a list of its own, so that no command loads what it does not need."""
    (env,) = (command for command in COMMANDS if command.name == "env")
    (form,) = (argument for argument in env.arguments if argument.flag == "--format")

    assert form.keywords["choices"] == tuple(FORMATS)
