"""SDKs and tools as their users start them: each a process of its own that runs the line of the AWS configuration."""

import subprocess
import sys
from pathlib import Path

import pytest
from cli.transcript import answer
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

BOTO3 = """
import boto3, sys
print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
"""
BOTO3_WITHOUT_A_NAME = """
import boto3
print(boto3.Session().client("sts").get_caller_identity()["Arn"])
"""
AWS_CLI = [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
SDKS = {
    "boto3": [sys.executable, "-c", BOTO3],
    "AWS CLI": [*AWS_CLI, "--profile"],
}
ANALYTICS = "arn:aws:sts::123456789012:assumed-role/analytics/alice@example.com"
ARNS = {
    "analytics": ANALYTICS,
    "dev-admin": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071/alice",
}
# Not `sitecustomize` and our own package: they run before our first line, and no console script can prevent that.
# Not re and types: the scripts that older pips write import them before our first line.
SHADOWED = ("argparse", "ctypes", "errno", "json", "keyring", "logging", "struct", "zlib")


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """The files that a user has written, and an identity token."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    write_aws_config(home, str(COMMAND))
    return home


def write_aws_config(home: Home, command: str, more: str = "") -> None:
    sections = (f"[profile {name}]\ncredential_process = {command} get {name}\nregion = eu-west-1\n" for name in ARNS)
    (home.path / "aws-config").write_text("\n".join(sections) + more)
    home.environment["AWS_CONFIG_FILE"] = str(home.path / "aws-config")


def run(home: Home, *words: str, **variables: str) -> str:
    """Run an SDK's process and return what it printed; it must say nothing else."""
    done = subprocess.run(
        words,
        env={**home.environment, **variables},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("profile", ARNS)
@pytest.mark.parametrize("sdk", SDKS)
def test_an_sdk_gets_the_identity_of_its_profile(ready: Home, sdk: str, profile: str) -> None:
    """A role session and a permission set reach AWS through the SDK's own credential_process."""
    assert run(ready, *SDKS[sdk], profile) == ARNS[profile]


@pytest.mark.parametrize("sdk", SDKS)
def test_a_path_with_a_space_works(ready: Home, sdk: str) -> None:
    """A quoted path works, as on machines where programs live in `Program Files`."""
    directory = ready.path / "my tools"
    directory.mkdir()
    (directory / "oidc-helper").symlink_to(COMMAND)
    write_aws_config(ready, f'"{directory}/oidc-helper"')

    assert run(ready, *SDKS[sdk], "analytics") == ANALYTICS


@pytest.mark.parametrize("words", [[sys.executable, "-c", BOTO3_WITHOUT_A_NAME], AWS_CLI], ids=["boto3", "AWS CLI"])
def test_the_profile_chosen_for_the_sdk_is_not_our_caller(ready: Home, emulator: Emulator, words: list[str]) -> None:
    """AWS_PROFILE may name the very profile that runs us: this neither recurses nor changes the caller."""
    assert run(ready, *words, AWS_PROFILE="analytics") == ANALYTICS
    assert [request.operation for request in emulator.requests] == [
        "AssumeRoleWithWebIdentity",
        "CreateTokenWithIAM",
        "AssumeRole",
        "GetCallerIdentity",
    ]


def test_a_caller_profile_signs_whatever_the_environment_says(ready: Home, emulator: Emulator) -> None:
    """With caller = { profile = "base" }, neither AWS_PROFILE nor the keys of the environment sign."""
    user = emulator.directory.iam_user
    keys = f"aws_access_key_id = {user.access_key_id}\naws_secret_access_key = {user.secret_access_key}\n"
    write_aws_config(ready, str(COMMAND), f"\n[profile base]\n{keys}")
    web_identity = f'web_identity_role_arn = "{emulator.directory.caller_role_arn}"'
    ready.configure(ready.config.read_text().replace(web_identity, 'profile = "base"'))

    done = ready.run(
        "get",
        "analytics",
        AWS_PROFILE="analytics",
        AWS_ACCESS_KEY_ID="AKIAQQQQQQQQQQQQQQQQ",
        AWS_SECRET_ACCESS_KEY="of somebody else",
    )

    answer(done)
    signers = [request.signer for request in emulator.requests]
    assert signers == [user.arn, user.arn]


def test_modules_in_the_callers_pythonpath_are_not_ours(ready: Home) -> None:
    """A json.py of the caller is never executed in the process that holds secrets, with or without a cached answer."""
    mark, path = ready.path / "executed", ready.path / "theirs"
    path.mkdir()
    for name in SHADOWED:
        (path / f"{name}.py").write_text(f"with open({str(mark)!r}, 'a') as file:\n    file.write(__name__ + ' ')\n")

    new = ready.run("get", "analytics", PYTHONPATH=str(path))
    cached = ready.run("get", "analytics", PYTHONPATH=str(path))

    assert not mark.exists(), mark.read_text()
    assert answer(new) == answer(cached)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONWARNINGS": "error"},
        {"PYTHONDEVMODE": "1"},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONIOENCODING": "utf-16"},
        {"PYTHONUTF8": "0", "LC_ALL": "C"},
    ],
    ids=" ".join,
)
def test_variables_for_the_callers_python_change_nothing(ready: Home, variables: dict[str, str]) -> None:
    """Variables for the Python of the caller neither spoil our answer nor add a word to it."""
    answer(ready.run("get", "analytics", **variables))


def test_the_working_directory_is_not_ours_either(ready: Home) -> None:
    """A json.py in the caller's working directory is not taken for the library's."""
    Path(ready.path, "json.py").write_text("raise SystemExit('theirs')\n")

    answer(ready.run("get", "analytics"))
