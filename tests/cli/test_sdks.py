"""SDKs and tools as their users start them: each a process of its own that runs the line of the AWS configuration."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from cli.transcript import answer
from fakes.foreign_python import VARIABLES, write_library
from homes import COMMAND, Home

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("whole_processes")

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
MANUAL = (Path(__file__).parents[2] / "man/oidc-helper.1").read_text()
ANALYTICS = "arn:aws:sts::123456789012:assumed-role/analytics/alice@example.com"
ARNS = {
    "analytics": ANALYTICS,
    "dev-admin": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071/alice",
}
# Paths that lead Python to the caller's working directory, whose place `{}` takes.
TO_THE_WORKING_DIRECTORY = (
    ":/nowhere",
    "/nowhere:",
    "/nowhere::/elsewhere",
    ":",
    ".",
    "./",
    "../{.name}",
    "{}",
    "{}/.",
)


@pytest.fixture
def ready(ready: Home) -> Home:
    write_aws_config(ready, str(COMMAND))
    return ready


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


NOTING_MODULES = """
import os, sys
leave = os._exit
def note(status):
    with open("modules", "a") as file:
        print(*sys.modules, file=file)
    leave(status)
os._exit = note
from oidc_helper.hotpath import main
main()
"""


def imported(home: Home) -> set[str]:
    """The modules that a fetch and a hit import, but for those that are there before our first line."""
    for _ in ("fetch", "hit"):
        run(home, sys.executable, "-c", NOTING_MODULES, "get", "analytics")
    before_us = COMMAND.read_text().partition("from oidc_helper")[0]  # older pips let it import re and its kin
    first = run(home, sys.executable, "-c", f"{before_us}\nprint(*sys.modules)")
    ours = {"__main__", "oidc_helper"}
    return {name.split(".")[0] for name in (home.path / "modules").read_text().split()} - set(first.split()) - ours


@pytest.mark.parametrize("path", TO_THE_WORKING_DIRECTORY)
def test_no_module_of_the_callers_is_ours(ready: Home, emulator: Emulator, path: str) -> None:
    """A zlib.py in the directory that an empty entry of PYTHONPATH means copied the credentials out."""
    names = imported(ready)
    assert {"botocore", "ctypes", "json", "zlib"} <= names
    for name in names:
        (ready.path / f"{name}.py").write_text("with open('executed', 'a') as file:\n    file.write(__name__ + ' ')\n")
    ready.run("logout", "--all")
    ready.write_token(emulator.mint("alice@example.com"))

    new = ready.run("get", "analytics", PYTHONPATH=path.format(ready.path))
    cached = ready.run("get", "analytics", PYTHONPATH=path.format(ready.path))

    executed = ready.path / "executed"
    assert not executed.exists(), executed.read_text()
    assert answer(new) == answer(cached)


OF_PYTHON = {
    "its library": sysconfig.get_path("stdlib"),
    "its library with a slash": sysconfig.get_path("stdlib") + "/",
    "the compiled part": sysconfig.get_config_var("DESTSHARED"),
    "its packages": sysconfig.get_path("purelib"),
    "all": ":".join((sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED"))),
}


@pytest.mark.parametrize("path", OF_PYTHON.values(), ids=OF_PYTHON)
def test_a_pythonpath_that_names_pythons_own_directories_is_no_obstacle(ready: Home, path: str) -> None:
    """As the modules of a computing center do: the library was gone with it."""
    new, cached = (ready.run("get", "analytics", PYTHONPATH=path) for _ in range(2))

    assert answer(new) == answer(cached)


WITH_VARIABLES = f"import os, sys; os.environ[sys.argv[2]] = sys.argv[3]\n{BOTO3}"


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_line_of_the_manual_keeps_off_a_host_programs_python(ready: Home, variable: str) -> None:
    """Nothing of ours can: Python ends before our first line."""
    write_library(ready.path / "theirs")
    words = [
        sys.executable,
        "-c",
        WITH_VARIABLES,
        "analytics",
        variable,
        VARIABLES[variable].format(ready.path / "theirs"),
    ]
    assert subprocess.run(words, env=ready.environment, capture_output=True, check=False).returncode == 1
    (line,) = re.findall(r"^credential_process = (env .* )oidc-helper get analytics$", MANUAL, re.MULTILINE)
    write_aws_config(ready, line + str(COMMAND))

    assert run(ready, *words) == ANALYTICS


@pytest.mark.parametrize("option", ["-E", "-I"])
@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONPATH"])
def test_a_script_that_isolates_python_needs_no_such_line(ready: Home, option: str, variable: str) -> None:
    """Pipx writes `-E` into its first line."""
    write_library(ready.path / "theirs")
    script = ready.path / "oidc-helper"
    script.write_text(f"#!{sys.executable} {option}\n" + COMMAND.read_text().partition("\n")[2])
    script.chmod(0o755)

    assert run(ready, str(script), "get", "analytics", **{variable: VARIABLES[variable].format(ready.path / "theirs")})


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
