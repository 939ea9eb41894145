"""The main job: from an identity token in a file to credentials that a real SDK uses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"
BOTO3 = "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])"
CLIENTS = {
    "boto3": [sys.executable, "-c", BOTO3],
    "aws": [
        sys.executable,
        "-m",
        "awscli",
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
        "--profile",
    ],
}


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))
    return home


@pytest.fixture
def aws_config(ready: Home) -> Home:
    config = ready.path / "aws config"
    config.write_text(
        "".join(
            f"[profile {name}]\ncredential_process = {COMMAND} get {name}\nregion = eu-west-1\n"
            for name in ("analytics", "dev-admin")
        )
    )
    ready.environment["AWS_CONFIG_FILE"] = str(config)
    return ready


@pytest.mark.parametrize("client", CLIENTS)
def test_a_real_client_uses_both_kinds_of_credentials(aws_config: Home, client: str) -> None:
    """boto3 and the AWS CLI, each as a process of its own, are who the profile says."""
    arns = [
        subprocess.run(
            [*CLIENTS[client], profile], env=aws_config.environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        for profile in ("analytics", "dev-admin")
    ]

    assert arns[0] == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"
    assert arns[1].startswith("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_")


def test_thirty_processes_share_one_exchange(ready: Home, emulator: Emulator) -> None:
    """All of them get the same answer, and nobody a word on stderr."""
    processes = [ready.start("get", "analytics") for _ in range(30)]
    answers = [process.communicate() for process in processes]

    assert {process.returncode for process in processes} == {0}
    assert {stderr for _, stderr in answers} == {""}
    assert len({stdout for stdout, _ in answers}) == 1
    assert emulator.count("CreateTokenWithIAM") == 1


def test_an_assertion_is_sent_once_even_if_the_answer_is_lost(ready: Home, emulator: Emulator) -> None:
    """The second call says what is needed, and a fresh token is all it takes."""
    emulator.fault("CreateTokenWithIAM", cut="after")

    lost, again = ready.run("get", "analytics"), ready.run("get", "analytics")
    ready.write_token(emulator.mint(ALICE))

    assert (lost.returncode, again.returncode) == (4, 3)
    assert "put a new identity token into" in lost.stderr
    assert "put a new identity token into" in again.stderr
    assert emulator.count("CreateTokenWithIAM") == 1
    assert ready.get("analytics")["AccountId"] == "123456789012"


def test_what_never_left_the_machine_may_be_sent_again(ready: Home, emulator: Emulator) -> None:
    """A refused connection spends nothing."""
    refused = ready.run("get", "analytics", AWS_ENDPOINT_URL_SSO_OIDC="http://127.0.0.1:1")

    assert (refused.returncode, refused.stdout) == (4, "")
    assert ready.get("analytics")
    assert emulator.count("CreateTokenWithIAM") == 1


def test_one_sign_in_serves_every_profile(ready: Home, emulator: Emulator) -> None:
    """The second profile asks for its credentials only, the third time nobody is asked."""
    ready.get("analytics")
    before = len(emulator.requests)
    admin = ready.get("dev-admin")
    asked = [one.operation for one in emulator.requests[before:]]
    ready.get("analytics")

    assert asked == ["GetRoleCredentials"]
    assert len(emulator.requests) == before + 1
    assert admin["AccountId"] == "111122223333"
    assert admin["Expiration"].endswith("Z")


def test_a_refresh_token_is_used_with_no_new_identity_token(ready: Home, emulator: Emulator) -> None:
    """The spent identity token still opens the caller's role."""
    emulator.directory.application.access_token_lifetime_s = 50  # less than is worth using
    ready.get("analytics")
    ready.run("get", "--refresh", "analytics")

    assert emulator.count("CreateTokenWithIAM", grant_type="refresh_token", ok=True) == 1
    assert emulator.count("CreateTokenWithIAM", ok=True) == 2


NOTHING_SENT = [
    ("no configuration", {"config": None}, 2, "no configuration"),
    ("unknown profile", {"profile": "analytcs"}, 2, "did you mean analytics"),
    ("unknown key", {"replace": ("role_arn =", "rol_arn =")}, 2, "did you mean role_arn"),
    ("wrong ARN", {"replace": ("arn:aws:sso:", "arn:aws:s3:")}, 2, "application_arn"),
    ("missing token file", {"token": None}, 3, "does not exist"),
    ("no JWT", {"token": "hello"}, 3, "does not hold a JWT"),
    ("a profile that calls itself", {"caller": "base"}, 2, "lead back to oidc-helper"),
]


@pytest.mark.parametrize(
    ("change", "code", "says"), [row[1:] for row in NOTHING_SENT], ids=[row[0] for row in NOTHING_SENT]
)
def test_bad_input_is_told_before_anything_is_sent(
    ready: Home, emulator: Emulator, change: dict[str, object], code: int, says: str
) -> None:
    """One line of what is wrong, one of what mends it, nothing on stdout, nothing at AWS."""
    match change:
        case {"config": None}:
            ready.config.unlink()
        case {"replace": (str(old), str(new))}:
            ready.configure(ready.config.read_text().replace(old, new))
        case {"token": None}:
            (ready.path / "token").unlink()
        case {"token": str(text)}:
            ready.write_token(text)
        case {"caller": str(name)}:
            aws = ready.path / "aws"
            aws.write_text(f"[profile {name}]\ncredential_process = {COMMAND} get analytics\n")
            ready.environment["AWS_CONFIG_FILE"] = str(aws)
            text = ready.config.read_text()
            ready.configure(text.replace(caller_line(text), f'caller = {{ profile = "{name}" }}'))

    done = ready.run("get", str(change.get("profile", "analytics")))

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert emulator.count("CreateTokenWithIAM") == 0


def caller_line(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("caller"))


REFUSED = [
    ("no jti", {"jti": None}, 5, "has no jti"),
    ("wrong audience", {"aud": "another"}, 5, "trust"),
    ("wrong issuer", {"iss": "https://elsewhere.example.com"}, 5, "iss"),
    ("expired", {"lifetime_s": -10}, 3, "expired"),
    ("ES256", {"alg": "ES256"}, 5, "ES256"),
]


@pytest.mark.parametrize(("claims", "code", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_token_that_is_refused_is_named_for_what_is_wrong_with_it(
    ready: Home, emulator: Emulator, claims: dict[str, Any], code: int, says: str
) -> None:
    """The caller is an IAM user, so that Identity Center itself sees the token."""
    user = emulator.directory.iam_user
    text = ready.config.read_text()
    ready.configure(text.replace(caller_line(text), "caller = { environment = true }"))
    keys = {"AWS_ACCESS_KEY_ID": user.access_key_id, "AWS_SECRET_ACCESS_KEY": user.secret_access_key}
    ready.write_token(emulator.mint(ALICE, **claims))

    done = ready.run("get", "analytics", **keys)

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


SERVICES = [
    ("unassigned user", "mallory@example.com", {}, "analytics", 5, "assigned"),
    (
        "portal 404",
        ALICE,
        {"operation": "GetRoleCredentials", "error": "ResourceNotFoundException"},
        "dev-admin",
        5,
        "permission set",
    ),
    ("STS refusing", ALICE, {"operation": "AssumeRole", "error": "AccessDenied"}, "analytics", 5, "sts:SetContext"),
    ("server error", ALICE, {"operation": "CreateTokenWithIAM", "status": 500}, "analytics", 4, "CreateTokenWithIAM"),
    (
        "not AWS's words",
        ALICE,
        {"operation": "AssumeRole", "status": 200, "body": b"<html>"},
        "analytics",
        4,
        "cannot be read",
    ),
]


@pytest.mark.parametrize(
    ("user", "fault", "profile", "outcome"),
    [(*row[1:4], row[4:]) for row in SERVICES],
    ids=[row[0] for row in SERVICES],
)
def test_a_service_that_says_no_is_explained(
    ready: Home, emulator: Emulator, user: str, fault: dict[str, Any], profile: str, outcome: tuple[int, str]
) -> None:
    """Cause and remedy stand in the hint; the exit code tells whether to try again."""
    ready.write_token(emulator.mint(user))
    if fault:
        emulator.fault(**fault, times=9)

    done = ready.run("get", profile)

    assert (done.returncode, done.stdout) == (outcome[0], "")
    assert outcome[1] in done.stderr


def test_an_unwritable_state_directory_costs_no_answer(ready: Home) -> None:
    """What cannot be noted is not told to an SDK."""
    (ready.path / "state").write_text("a file in the way")

    assert ready.get("analytics", XDG_STATE_HOME=str(ready.path / "state"))


def test_a_keyring_that_cannot_be_had_is_named(ready: Home, emulator: Emulator) -> None:
    """A back end that the user chose and that is not there: exit 6, and nothing was sent."""
    done = ready.run("get", "analytics", PYTHON_KEYRING_BACKEND="no.such.Keyring")

    assert (done.returncode, done.stdout) == (6, "")
    assert emulator.count("CreateTokenWithIAM") == 0


def test_no_keyring_leaves_the_kernel_keyring(ready: Home, emulator: Emulator) -> None:
    """A headless machine caches all the same."""
    for _ in range(2):
        ready.get("analytics", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")

    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_library_that_prints_does_not_reach_the_answer(ready: Home) -> None:
    """Stdout is one JSON object, stderr is empty."""
    program = (
        "import sys, os, warnings, subprocess\n"
        "from oidc_helper import broker\n"
        "real = broker.fetch\n"
        "def noisy(*words, **options):\n"
        "    print('noise'); warnings.warn('noise'); os.system('echo noise; echo noise >&2'); os.write(1, b'noise')\n"
        "    return real(*words, **options)\n"
        "broker.fetch = noisy\n"
        "sys.argv = ['oidc-helper', 'get', 'analytics']\n"
        "from oidc_helper.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=ready.environment,
        cwd=ready.path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout)["Version"] == 1
    assert done.stderr == ""


def test_debug_shows_no_secret(ready: Home, emulator: Emulator) -> None:
    """The trace names operations and hosts, none of what they carry."""
    token = emulator.mint(ALICE)
    ready.write_token(token)
    done = ready.run("get", "--debug", "--refresh", "analytics")
    answer = json.loads(done.stdout)

    assert "CreateTokenWithIAM" in done.stderr
    for secret in (token, token.split(".")[2], answer["SecretAccessKey"], answer["SessionToken"]):
        assert secret not in done.stderr


def test_logout_leaves_nothing_and_login_starts_again(ready: Home, emulator: Emulator) -> None:
    """The session ends at Identity Center, and the next get asks for a new identity token."""
    ready.get("analytics")
    out = ready.run("logout", "analytics")
    gone = ready.run("get", "analytics")
    ready.write_token(emulator.mint("bob@example.com"))
    again = ready.run("login", "analytics")

    assert (out.returncode, out.stdout) == (0, "signed out of analytics, dev-admin\n")
    assert emulator.count("Logout") == 1
    assert gone.returncode == 3
    assert again.stdout.startswith("signed in as bob@example.com")
    assert "eyJ" not in Path(ready.path / "keyring.json").read_text().split('"oidc-helper:tokens')[0]


def test_status_tells_what_is_cached(ready: Home) -> None:
    """As a table for people and as JSON for programs; neither opens a secret."""
    ready.get("analytics")
    report = json.loads(ready.run("status", "--json").stdout)
    by_name = {one["name"]: one for one in report["profiles"]}

    assert by_name["analytics"]["credentials"]["expires_at"].endswith("Z")
    assert by_name["dev-admin"]["credentials"] is None
    assert by_name["dev-admin"]["tokens"]["user"] == ALICE
    assert ALICE in ready.run("status").stdout


def test_token_prints_what_services_take(ready: Home) -> None:
    """The access token, or a JWT with --id-token."""
    assert len(ready.run("token", "analytics").stdout.split()) == 1
    assert ready.run("token", "--id-token", "analytics").stdout.count(".") == 2


def test_explain_uses_neither_network_nor_secret(ready: Home, emulator: Emulator) -> None:
    """It says where each setting came from."""
    described = json.loads(ready.run("explain", "analytics").stdout)

    assert described["settings"]["identity"]["from"].startswith("defaults")
    assert emulator.requests == []


def test_demo_works_in_an_empty_home_and_leaves_nothing(home: Home) -> None:
    """boto3 is somebody at the end, the second answer asks nobody, and no file stays."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    done = home.run("demo", TMPDIR=str(temporary))

    assert done.returncode == 0, done.stderr
    assert "boto3 is arn:aws:sts::123456789012:assumed-role/analytics/" in done.stdout
    assert "0 requests" in done.stdout
    assert [path.name for path in home.path.iterdir()] == ["tmp"]
    assert list(temporary.iterdir()) == []


def test_an_s3_access_grant_comes_on_top_of_the_role_session(ready: Home, emulator: Emulator) -> None:
    """A profile with s3_grant prints the grant's credentials, not the role's."""
    role = f'role_arn = "{emulator.directory.analytics_role_arn}"'
    grant = 's3_grant = { target = "s3://reports/2026/*", permission = "READ" }'
    ready.configure(f"{ready.config.read_text()}\n[profile.reports]\n{role}\n{grant}\n")

    answer = ready.get("reports")

    assert answer["AccessKeyId"] != ready.get("analytics")["AccessKeyId"]
    assert emulator.count("GetDataAccess", ok=True) == 1
