"""Clients that nobody here wrote, each a process of its own: the emulator must be AWS and a provider to all of them.

The table in oidc-helper-emulator(1) says what each did, and these tests hold it to the emulator's log.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.session import Session
from fakes.one_answer import answering
from fakes.places import needs
from homes import Home

from oidc_helper.emulator import Emulator, example_config
from oidc_helper.emulator.directory import JWT_BEARER
from oidc_helper.emulator.fixtures import CONFIDENTIAL_CLIENT, PUBLIC_CLIENT
from oidc_helper.emulator.keys import SigningKeys

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests/emulator/clients"
MANUAL = (ROOT / "man/oidc-helper-emulator.1").read_text()
ACCOUNT_HOST = "123456789012.localhost"
GO_SOURCES = Path("/usr/share/gocode")  # where Debian has libraries, which are no modules


class Client(NamedTuple):
    """Where it is installed from, and the file of `clients` that uses it."""

    source: str
    file: str


OF_AWS = {
    "boto3": Client("PyPI", "chain.py"),
    "AWS CLI 1": Client("PyPI", "aws_cli.sh"),
    "AWS CLI 2": Client("Debian", "aws_cli.sh"),
    "AWS SDK for JavaScript": Client("npm", "aws_sdk.mjs"),
    "AWS SDK for Ruby": Client("Debian", "aws_sdk.rb"),
    "AWS SDK for Go": Client("Debian", "aws_sdk.go"),
}
OF_OAUTH = {
    "Authlib": Client("PyPI", "authlib_client.py"),
    "MSAL": Client("PyPI", "msal_client.py"),
    "openid-client": Client("npm", "openid_client.mjs"),
}
TRIED = OF_AWS | OF_OAUTH | {"redshift_connector": Client("PyPI", "redshift.py")}
# The words of the manual's table, as the emulator's log has them.
DEEDS = {
    "exchange": ("CreateTokenWithIAM", {"grant_type": JWT_BEARER}),
    "refresh": ("CreateTokenWithIAM", {"grant_type": "refresh_token"}),
    "role": ("AssumeRole", {}),
    "portal": ("GetRoleCredentials", {}),
    "S3": ("GetDataAccess", {}),
    "sign-in": ("Token", {"grant_type": "authorization_code"}),
    "renewal": ("Token", {"grant_type": "refresh_token"}),
}


def deeds(emulator: Emulator) -> set[str]:
    """What clients have done so far."""
    return {word for word, (operation, asked) in DEEDS.items() if emulator.count(operation, ok=True, **asked)}


def table() -> dict[str, tuple[str, set[str]]]:
    """The manual's rows: program, where it is from, and what it did."""
    body = MANUAL.partition(".Ss Programs that were tried")[2].partition(".Bl -column")[2].partition(".El")[0]
    rows = [[cell.strip() for cell in row.split(" Ta ")] for row in re.findall(r"^\.It (.*)$", body, re.MULTILINE)]
    return {name: (source, set(did.split(", "))) for name, source, did in rows[1:]}


def resolves(host: str) -> bool:
    with suppress(OSError):
        return bool(socket.getaddrinfo(host, None))
    return False


@cache
def aws_cli_2() -> str:
    """The path of an AWS CLI 2, which may stand behind another one; empty where there is none."""
    for directory in os.get_exec_path():
        found = shutil.which("aws", path=directory)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).stdout.startswith(
            b"aws-cli/2"
        ):
            return found
    return ""


def _ruby_has_its_sdk() -> bool:
    words = ["ruby", "-e", "require 'aws-sdk-core'"]
    return bool(shutil.which("ruby")) and not subprocess.run(words, capture_output=True, check=False).returncode


# What a file of that kind needs of a client, how that is told, and the words that run it.
RUN: dict[str, tuple[Callable[[str], object], str, list[str]]] = {
    ".py": (lambda client: find_spec(client.lower()), "the dependency group test", [sys.executable]),
    ".sh": (lambda client: aws_cli_2() if client == "AWS CLI 2" else find_spec("awscli"), "the AWS CLI", ["sh"]),
    ".mjs": (
        lambda _: shutil.which("node") and (CLIENTS / "node_modules").is_dir(),
        f"Node.js, and npm ci --prefix {CLIENTS.relative_to(ROOT)}",
        ["node"],
    ),
    ".rb": (lambda _: _ruby_has_its_sdk(), "the package ruby-aws-sdk-core", ["ruby"]),
    ".go": (
        lambda _: shutil.which("go") and (GO_SOURCES / "src/github.com/aws/aws-sdk-go-v2").is_dir(),
        "the packages golang-go and golang-github-aws-aws-sdk-go-v2-dev",
        ["go", "run"],
    ),
}


def run(client: str, told: dict[str, str], home: Home) -> list[str]:
    """The lines that a client printed, which must say nothing else; skips the test where it is not installed."""
    path = CLIENTS / TRIED[client].file
    installed, what, words = RUN[path.suffix]
    needs(installed(client), f"{client} of {TRIED[client].source}: {what}")
    environment = {
        **home.environment,
        "NODE_NO_WARNINGS": "1",
        "GO111MODULE": "off",
        "GOPATH": str(GO_SOURCES),
        "GOCACHE": os.environ.get("GOCACHE", str(Path.home() / ".cache/go-build")),
        **told,
    }
    done = subprocess.run(
        [*words, str(path)],
        env=environment,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def aws_cli(client: str, emulator: Emulator, home: Home) -> dict[str, str]:
    """How to start that AWS CLI. Debian's 2 knows neither CreateTokenWithIAM nor the variables for endpoints."""
    if client != "AWS CLI 2":
        return {"AWS": f"{sys.executable} -m awscli"}
    loader = Session().get_component("data_loader")
    for service in ("sts", "sso", "sso-oidc", "s3control"):
        models = home.path / "models" / service / loader.determine_latest_version(service, "service-2")
        models.mkdir(parents=True)
        for kind in ("service-2", "endpoint-rule-set-1"):
            (models / f"{kind}.json").write_text(json.dumps(loader.load_service_model(service, kind)))
    url = emulator.environment["AWS_ENDPOINT_URL_S3_CONTROL"]
    return {"AWS": f"{aws_cli_2()} --endpoint-url {url}", "AWS_DATA_PATH": str(home.path / "models")}


def test_the_manual_lists_the_programs_that_are_tried() -> None:
    """No more and no fewer; those that no test can install are in a list of their own."""
    assert {name: source for name, (source, _) in table().items()} == {
        name: client.source for name, client in TRIED.items()
    }


@pytest.mark.parametrize("client", OF_AWS)
def test_a_client_of_aws_goes_from_an_identity_token_to_credentials(
    home: Home, emulator: Emulator, client: str
) -> None:
    """It signs, takes both tokens of the emulator for AWS's, and finds S3 Control below localhost."""
    directory, did = emulator.directory, table()[client][1]
    named = resolves(ACCOUNT_HOST)
    told = {
        **emulator.environment,
        **aws_cli(client, emulator, home),
        "AWS_REGION": directory.identity_center_region,
        "AWS_DEFAULT_REGION": directory.identity_center_region,
        "TOKEN": emulator.mint("alice@example.com"),
        "APPLICATION": directory.application_arn,
        "CALLER_ROLE": directory.caller_role_arn,
        "ROLE": directory.analytics_role_arn,
        "TARGET": "s3://reports/2026/*" if named else "",
    }
    arn, account, *granted = run(client, told, home)

    assert arn.startswith("arn:aws:sts::123456789012:assumed-role/analytics/")
    assert account == "111122223333"
    assert deeds(emulator) == (did if named else did - {"S3"})
    if "S3" in did:
        needs(named, f"a resolver that knows {ACCOUNT_HOST}, as libnss-myhostname does")
        assert granted == ["s3://reports/*"]


@pytest.mark.parametrize("client_id", [PUBLIC_CLIENT, CONFIDENTIAL_CLIENT])
@pytest.mark.parametrize(("client", "https"), [(client, client == "MSAL") for client in OF_OAUTH])
def test_an_oauth_client_signs_a_person_in(
    home: Home, keys: SigningKeys, client: str, client_id: str, *, https: bool
) -> None:
    """The authorization code flow with PKCE, `nonce` and `iss`, and a refresh; with a secret and without.

    With https, by nothing but the authority that the emulator's exports name; MSAL takes no other provider.
    """
    authority = home.path / "ca.pem"
    with Emulator(keys=keys, https=https) as emulator:
        authority.write_text(emulator.authority_pem)
        provider = emulator.directory.identity_provider
        provider.auto_approve = True
        told = {
            "ISSUER": emulator.issuer,
            "CLIENT_ID": client_id,
            "CLIENT_SECRET": provider.clients[client_id].secret or "",
            "REDIRECT_URI": "http://localhost:8400/callback",
            "REQUESTS_CA_BUNDLE": str(authority),
            "NODE_EXTRA_CA_CERTS": str(authority),
        }

        assert run(client, told, home) == ["alice@example.com", "00u-alice"]
        assert deeds(emulator) == table()[client][1]


def test_the_redshift_driver_logs_in_with_a_profiles_credentials(home: Home, emulator: Emulator) -> None:
    """It asks Redshift, which the emulator is not, with the identity-enhanced session that the profile gave it."""
    home.configure(example_config(emulator))
    config = "[profile analytics]\ncredential_process = oidc-helper get analytics\nregion = eu-west-1\n"
    (home.path / "aws-config").write_text(config)
    told = {**emulator.environment, "AWS_CONFIG_FILE": str(home.path / "aws-config"), "AWS_PROFILE": "analytics"}
    told["PATH"] = f"{Path(sys.executable).parent}:{home.environment['PATH']}"
    token = "<Token>for-redshift</Token><ExpirationTime>2030-01-01T00:00:00Z</ExpirationTime>"
    name = "GetIdentityCenterAuthToken"
    answer = f"<{name}Response><{name}Result>{token}</{name}Result></{name}Response>"
    with answering(200, answer.encode()) as (url, heard):
        assert run("redshift_connector", {**told, "AWS_ENDPOINT_URL_REDSHIFT": url}, home) == ["for-redshift"]

    assert deeds(emulator) == table()["redshift_connector"][1]
    assert "Credential=ASIA" in heard[0]
