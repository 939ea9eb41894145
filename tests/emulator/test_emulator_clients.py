"""Clients that nobody here wrote, each a process of its own: the emulator must be AWS and a provider to all of them.

oidc-helper-emulator(1) lists them, with what each did.
"""

import re
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from fakes.one_answer import answering
from fakes.places import needs
from homes import Home

from oidc_helper.emulator import Emulator, example_config
from oidc_helper.emulator.fixtures import CONFIDENTIAL_CLIENT, PUBLIC_CLIENT
from oidc_helper.emulator.keys import SigningKeys

CLIENTS = Path(__file__).parent / "clients"
MANUAL = (Path(__file__).parents[2] / "man/oidc-helper-emulator.1").read_text()
NODE = shutil.which("node") or "node"
ACCOUNT_HOST = "123456789012.localhost"


def resolves(host: str) -> bool:
    with suppress(OSError):
        return bool(socket.getaddrinfo(host, None))
    return False


def run(words: list[str], environment: dict[str, str], home: Home) -> list[str]:
    """The lines that a client printed; it must say nothing else."""
    done = subprocess.run(
        words,
        env={**home.environment, "NODE_NO_WARNINGS": "1", **environment},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def program(name: str) -> list[str]:
    """The words that start a client; skips the test where it is not installed."""
    suffix = Path(name).suffix
    if suffix == ".mjs":
        installed = shutil.which(NODE) and (CLIENTS / "node_modules").is_dir()
        needs(installed, f"Node.js, and npm ci --prefix {CLIENTS.relative_to(Path(__file__).parents[2])}")
    if name.startswith("msal"):
        needs(find_spec("msal"), "MSAL of PyPI (msal)")
    if suffix == ".sh":
        needs(find_spec("awscli"), "the AWS CLI of PyPI (awscli)")
    return [{".mjs": NODE, ".py": sys.executable, ".sh": "sh"}[suffix], str(CLIENTS / name)]


@pytest.fixture
def asked(emulator: Emulator) -> dict[str, str]:
    """What a client of AWS is told."""
    directory = emulator.directory
    return {
        **emulator.environment,
        "AWS": f"{sys.executable} -m awscli",
        "AWS_REGION": directory.identity_center_region,
        "AWS_DEFAULT_REGION": directory.identity_center_region,
        "TOKEN": emulator.mint("alice@example.com"),
        "APPLICATION": directory.application_arn,
        "CALLER_ROLE": directory.caller_role_arn,
        "ROLE": directory.analytics_role_arn,
    }


OF_AWS = {"boto3": "chain.py", "AWS CLI 1": "aws_cli.sh", "AWS SDK for JavaScript": "aws_sdk.mjs"}
OF_OAUTH = {"Authlib": "authlib_client.py", "openid-client": "openid_client.mjs", "MSAL": "msal_client.py"}


def test_the_manual_lists_the_programs_that_are_tried() -> None:
    """No more and no fewer; those that were tried by hand are in a sentence of their own."""
    listed = MANUAL.partition(".Ss Programs that were tried")[2].partition(".El")[0]

    assert set(re.findall(r"^\.It (.*)$", listed, re.MULTILINE)) == {*OF_AWS, *OF_OAUTH, "redshift_connector"}


@pytest.mark.parametrize("client", OF_AWS)
def test_a_client_of_aws_goes_from_an_identity_token_to_credentials(
    home: Home, asked: dict[str, str], client: str
) -> None:
    """AssumeRoleWithWebIdentity, CreateTokenWithIAM, AssumeRole with the identity context, and the portal."""
    arn, account = run(program(OF_AWS[client]), asked, home)

    assert arn.startswith("arn:aws:sts::123456789012:assumed-role/analytics/")
    assert account == "111122223333"


@pytest.mark.parametrize("client", OF_AWS)
def test_a_client_of_aws_finds_s3_control_below_localhost(home: Home, asked: dict[str, str], client: str) -> None:
    """It puts the account in front of the host, which must resolve."""
    words = program(OF_AWS[client])
    needs(resolves(ACCOUNT_HOST), f"a resolver that knows {ACCOUNT_HOST}, as libnss-myhostname does")

    assert run(words, {**asked, "TARGET": "s3://reports/2026/*"}, home)[-1] == "s3://reports/*"


@pytest.mark.parametrize("client_id", [PUBLIC_CLIENT, CONFIDENTIAL_CLIENT])
@pytest.mark.parametrize(("client", "https"), [(client, client == "MSAL") for client in OF_OAUTH])
def test_an_oauth_client_signs_a_person_in(
    home: Home, keys: SigningKeys, client: str, client_id: str, *, https: bool
) -> None:
    """The authorization code flow with PKCE, `nonce` and `iss`, and a refresh; with a secret and without.

    With https, by nothing but the authority that the emulator's exports name; MSAL takes no other provider.
    """
    words, authority = program(OF_OAUTH[client]), home.path / "ca.pem"
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

        assert run(words, told, home) == ["alice@example.com", "00u-alice"]


def test_the_redshift_driver_logs_in_with_a_profiles_credentials(home: Home, emulator: Emulator) -> None:
    """It asks Redshift, which the emulator is not, with the identity-enhanced session that the profile gave it."""
    needs(find_spec("redshift_connector"), "the Redshift driver of PyPI (redshift_connector)")
    home.configure(example_config(emulator))
    config = "[profile analytics]\ncredential_process = oidc-helper get analytics\nregion = eu-west-1\n"
    (home.path / "aws-config").write_text(config)
    told = {**emulator.environment, "AWS_CONFIG_FILE": str(home.path / "aws-config"), "AWS_PROFILE": "analytics"}
    told["PATH"] = f"{Path(sys.executable).parent}:{home.environment['PATH']}"
    token = "<Token>for-redshift</Token><ExpirationTime>2030-01-01T00:00:00Z</ExpirationTime>"
    name = "GetIdentityCenterAuthToken"
    answer = f"<{name}Response><{name}Result>{token}</{name}Result></{name}Response>"
    with answering(200, answer.encode()) as (url, heard):
        assert run(program("redshift.py"), {**told, "AWS_ENDPOINT_URL_REDSHIFT": url}, home) == ["for-redshift"]

    assert emulator.count("AssumeRole", ok=True) == 1
    assert "Credential=ASIA" in heard[0]
