"""A caller that is an AWS profile: its program gets the time that is left and nothing else of ours."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from settings.settings_files import COMPLETE, ROLE, load

from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.errors import TryAgain, WrongSettings

KEYS = {"Version": 1, "AccessKeyId": "AKIAPROGRAM", "SecretAccessKey": "s", "SessionToken": "t"}
EXPIRING = {**KEYS, "Expiration": "2033-05-18T03:33:20Z"}

AwsProfile = Callable[[str], object]


@pytest.fixture
def aws_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsProfile:
    """Writes the lines of the AWS profile `base`."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return lambda lines: (tmp_path / "aws").write_text(f"[profile base]\n{lines}\n")


def program(directory: Path, statements: str) -> str:
    path = directory / "program.py"
    path.write_text(statements)
    return f"credential_process = {sys.executable} {path}"


def opened(directory: Path, *, time_left_s: float = 30) -> Credentials:
    with_caller = COMPLETE.replace(f'web_identity_role_arn = "{ROLE}"', 'profile = "base"')
    profile = load(directory, f'{with_caller}role_arn = "{ROLE}"\n').profile("x")
    return Aws(profile, time_left=lambda: time_left_s).open_caller(None)


def test_a_program_gives_the_keys_and_their_end(tmp_path: Path, aws_profile: AwsProfile) -> None:
    aws_profile(program(tmp_path, f"print({json.dumps(EXPIRING)!r})"))

    assert opened(tmp_path) == Credentials("AKIAPROGRAM", "s", "t", 2_000_000_000)


def test_keys_without_an_end_stay_without_one(tmp_path: Path, aws_profile: AwsProfile) -> None:
    aws_profile(program(tmp_path, f"print({json.dumps(KEYS)!r})"))

    assert opened(tmp_path) == Credentials("AKIAPROGRAM", "s", "t", None)


def test_a_program_stands_before_the_keys_of_the_config_file(tmp_path: Path, aws_profile: AwsProfile) -> None:
    """The order of providers is botocore's."""
    keys = "aws_access_key_id = AKIAFILE\naws_secret_access_key = s"
    aws_profile(f"{program(tmp_path, f'print({json.dumps(KEYS)!r})')}\n{keys}")

    assert opened(tmp_path).access_key_id == "AKIAPROGRAM"


def test_keys_of_the_config_file_are_the_callers(tmp_path: Path, aws_profile: AwsProfile) -> None:
    aws_profile("aws_access_key_id = AKIAFILE\naws_secret_access_key = s")

    assert opened(tmp_path) == Credentials("AKIAFILE", "s", None, None)


def test_a_program_that_never_answers_is_ended_in_time(tmp_path: Path, aws_profile: AwsProfile) -> None:
    """Botocore would wait for ever."""
    aws_profile(program(tmp_path, "import threading; threading.Event().wait()"))

    with pytest.raises(TryAgain, match="the AWS profile base did not answer within") as caught:
        opened(tmp_path, time_left_s=0.2)

    assert caught.value.hint == "raise deadline_seconds if it needs more"


def test_a_program_finds_standard_input_at_its_end(tmp_path: Path, aws_profile: AwsProfile) -> None:
    """It can ask nobody, and takes nothing from the input of the process that started us."""
    aws_profile(program(tmp_path, f"import sys; assert sys.stdin.read() == ''; print({json.dumps(KEYS)!r})"))

    assert opened(tmp_path).access_key_id == "AKIAPROGRAM"


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ("raise SystemExit('the vault is locked')", "the vault is locked"),
        ("print('{}')", "Unsupported version"),
        ("print('Hello')", "its answer holds none"),
    ],
)
def test_the_complaint_names_the_profile_and_the_reason(
    tmp_path: Path, aws_profile: AwsProfile, statements: str, reason: str
) -> None:
    aws_profile(program(tmp_path, statements))

    with pytest.raises(WrongSettings, match="cannot be obtained from the AWS profile base: ") as caught:
        opened(tmp_path)

    assert reason in caught.value.message


def test_an_unknown_profile_is_met_with_the_nearest_one(tmp_path: Path, aws_profile: AwsProfile) -> None:
    aws_profile("")
    (tmp_path / "aws").write_text("[profile basis]\n")

    with pytest.raises(WrongSettings, match="there is no AWS profile 'base', did you mean basis?"):
        opened(tmp_path)


def test_a_program_whose_daemon_holds_its_pipes_gives_the_keys(tmp_path: Path, aws_profile: AwsProfile) -> None:
    """The daemon was waited for until the deadline, and the keys were lost."""
    end = tmp_path / "end"
    os.mkfifo(end)
    daemon = f"subprocess.Popen(['/bin/sh', '-c', 'read end <{end}'])"
    aws_profile(program(tmp_path, f"import subprocess; {daemon}; print({json.dumps(KEYS)!r})"))

    assert opened(tmp_path).access_key_id == "AKIAPROGRAM"
    end.write_text("\n")  # the daemon lives, and opens it
