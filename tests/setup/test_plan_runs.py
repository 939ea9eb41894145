"""A plan, run by sh with the real AWS CLI in an organization where nothing is set up, ends in credentials."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.places import needs
from homes import COMMAND, Home
from zygote import AWS_CLI, Zygote

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys

pytestmark = pytest.mark.timeout(600)

ROLE = "arn:aws:iam::123456789012:role/teams/analytics"
_LOOKS = ("Get", "List", "Describe")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with the AWS CLI, which a script starts some twenty times; loaded once, it takes a third of that."""
    directory = tmp_path_factory.mktemp("aws")
    with Zygote(AWS_CLI) as loaded:
        loaded.write_program(directory / "aws")
        yield directory


@pytest.fixture
def empty(home: Home, keys: SigningKeys, aws: Path) -> Iterator[Emulator]:
    """An emulator in which nothing is set up; `home` has its administrator's keys under other names."""
    with Emulator(keys=keys, empty=True) as running:
        home.environment |= running.environment
        home.environment["PATH"] = os.pathsep.join([str(aws), str(COMMAND.parent), home.environment["PATH"]])
        home.environment |= {"NO_PROXY": "127.0.0.1,localhost", "AWS_EC2_METADATA_DISABLED": "true"}
        yield running


def plan(home: Home, emulator: Emulator, *words: str) -> str:
    """The script of these flags."""
    where = ("--issuer", emulator.issuer, "--client-id", emulator.client_id, "--identity-center-region", "eu-west-1")
    done = home.run("doctor", "--plan", *where, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run(home: Home, emulator: Emulator, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run it as an administrator."""
    admin = emulator.directory.administrator
    keys = {"AWS_ACCESS_KEY_ID": admin.access_key_id, "AWS_SECRET_ACCESS_KEY": admin.secret_access_key}
    environment = {**home.environment, **keys, "SETTLING_SECONDS": "0", **variables}
    return subprocess.run(
        ["sh"], input=script, env=environment, cwd=home.path, capture_output=True, text=True, check=False, timeout=300
    )


def made_by(home: Home, emulator: Emulator, script: str, **variables: str) -> tuple[str, list[str]]:
    """What the script printed, and what it says that it made."""
    done = run(home, emulator, script, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if not line.startswith("in account")]


def configure(home: Home, emulator: Emulator, lines: str, profile: str) -> None:
    """The configuration of a person who was given the two lines; a command gets her identity tokens."""
    url = f"{emulator.url}/_emulator/identity-token?user=alice@example.com"
    fetch = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
    home.configure(f"""
[identity.corp]
source = "command"
command = {[sys.executable, "-I", "-c", fetch, url]!r}

[defaults]
identity = "corp"
identity_center_region = "eu-west-1"
{lines}
[profile.x]
{profile}
""")


def test_a_plan_for_a_role_ends_in_credentials_and_changes_nothing_the_second_time(home: Home, empty: Emulator) -> None:
    """The two lines that it prints are all that the configuration needs."""
    script = plan(home, empty, "--role-arn", ROLE, "--for", "redshift", "--group", "analysts")
    lines, made = made_by(home, empty, script)
    configure(home, empty, lines, f'role_arn = "{ROLE}"')

    assert len(made) > 10
    assert home.get("x")["Version"] == 1

    before = len(empty.requests)
    assert made_by(home, empty, script) == (lines, ["nothing was missing"])
    asked = [request.operation for request in empty.requests[before:]]
    assert [operation for operation in asked if not operation.startswith(_LOOKS)] == []


def test_configure_takes_what_a_plan_prints(home: Home, empty: Emulator) -> None:
    """Everybody may sign in where no group is named."""
    import tomllib

    lines, made = made_by(home, empty, plan(home, empty, "--role-arn", ROLE))
    values = tomllib.loads(lines)
    (home.path / "token").write_text(empty.mint("mallory@example.com"))
    done = home.run(
        *("configure", "x", "--non-interactive", "--source", "file", "--path", str(home.path / "token")),
        *("--identity-center-region", "eu-west-1", "--application-arn", values["application_arn"]),
        *("--caller-role", values["caller"]["web_identity_role_arn"], "--role-arn", ROLE, "--region", "eu-west-1"),
    )

    assert done.returncode == 0, done.stderr
    assert "making the application open to every user of Identity Center" in made
    assert home.get("x")["Version"] == 1


def test_a_plan_for_a_permission_set_makes_it_for_the_group(home: Home, empty: Emulator) -> None:
    lines, _ = made_by(
        home,
        empty,
        plan(home, empty, "--account-id", "111122223333", "--permission-set", "Admin", "--group", "analysts"),
    )
    configure(home, empty, lines, 'account_id = "111122223333"\npermission_set = "Admin"')

    assert home.get("x")["Version"] == 1


def test_a_plan_for_an_s3_grant_makes_instance_location_and_grant(home: Home, empty: Emulator) -> None:
    needs(_resolves("123456789012.localhost"), "a resolver that knows names under localhost")
    target = ("--s3-grant-target", "s3://reports/2026/*", "--s3-grant-permission", "READ")
    script = plan(home, empty, "--role-arn", ROLE, *target, "--group", "analysts")
    lines, _ = made_by(home, empty, script)
    grant = 's3_grant = { target = "s3://reports/2026/*", permission = "READ" }'
    configure(home, empty, lines, f'role_arn = "{ROLE}"\n{grant}')

    assert home.get("x")["Version"] == 1
    assert made_by(home, empty, script)[1] == ["nothing was missing"]


def test_what_is_there_is_added_to_and_not_replaced(home: Home, emulator: Emulator) -> None:
    """Another client of the same application: whoever could get credentials before still can."""
    home.environment["PATH"] = f"{COMMAND.parent}{os.pathsep}{home.environment['PATH']}"
    directory = emulator.directory
    where = ("--issuer", emulator.issuer, "--client-id", "another", "--identity-center-region", "eu-west-1")
    flags = ("--application-arn", directory.application_arn, "--caller-role", directory.caller_role_arn)
    script = home.run("doctor", "--plan", *where, *flags, "--role-arn", directory.analytics_role_arn).stdout
    _, made = made_by(home, emulator, script)

    assert "making the grant for identity tokens" in made
    assert "making the application" not in made
    configure(
        home,
        emulator,
        f'application_arn = "{directory.application_arn}"\n'
        f'caller = {{ web_identity_role_arn = "{directory.caller_role_arn}" }}\n',
        f'role_arn = "{directory.analytics_role_arn}"',
    )
    assert home.get("x")["Version"] == 1
    assert made_by(home, emulator, script)[1] == ["nothing was missing"]


def test_a_refusal_ends_the_script(home: Home, empty: Emulator) -> None:
    """With AWS's own words, and no line for the configuration."""
    done = run(home, empty, plan(home, empty, "--role-arn", ROLE, "--group", "nobody"))

    assert done.returncode != 0
    assert "ResourceNotFoundException" in done.stderr
    assert done.stdout == ""


def _resolves(name: str) -> bool:
    import socket

    try:
        return bool(socket.getaddrinfo(name, 443))
    except OSError:
        return False
