"""A profile whose role account access manager gives: from the person's sign-in to credentials."""

import json
import os
import subprocess
import sys
import time
from datetime import datetime

import boto3
import pytest
from cli.transcript import answer, complaint, secrets, tells
from fakes.places import needs
from homes import COMMAND, Home, file_config
from service_limits import knows_account_access

from oidc_helper.emulator import Emulator

CREDENTIALS = "GetRoleCredentials"
_WITHOUT_THE_MODEL = """
from oidc_helper.aws import account_access
account_access.SERVICE = "account-access-of-tomorrow"
from oidc_helper.hotpath import main
main()
"""


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """A home with a profile `builder`, beside those that `file_config` has."""
    needs(knows_account_access(), "a newer botocore")
    tenant = emulator.directory.tenant
    role_arn = min(arn for _, arn in tenant.entitlements)
    builder = f'[profile.builder]\nrole_arn = "{role_arn}"\naccount_access = "{tenant.tenant_id}"\n'
    home.configure(file_config(emulator, profiles=builder))
    home.write_token(emulator.mint("alice@example.com"))
    return home


def test_the_role_is_opened_with_the_tokens_of_one_sign_in(ready: Home, emulator: Emulator) -> None:
    """The same exchange serves every kind of profile, and the answer names the account."""
    answers = [answer(ready.run("get", profile)) for profile in ("builder", "dev-admin", "analytics")]

    assert answers[0]["AccountId"] == "111122223333"
    assert emulator.count("CreateTokenWithIAM") == 1
    assert emulator.count(CREDENTIALS, tenantId=emulator.directory.tenant.tenant_id) == 1


def test_an_sdk_gets_the_roles_credentials(ready: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through credential_process, as any other profile's."""
    config = ready.path / "aws-config"
    config.write_text(f"[profile builder]\ncredential_process = {COMMAND} get builder\nregion = eu-west-1\n")
    for name in set(os.environ) - set(ready.environment):
        monkeypatch.delenv(name)
    for name, value in {**ready.environment, **emulator.environment, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)

    identity = boto3.Session(profile_name="builder").client("sts").get_caller_identity()

    assert identity["Arn"].startswith("arn:aws:sts::111122223333:assumed-role/builder/")


@pytest.mark.parametrize(
    ("order", "code", "words", "hint"),
    [
        ({"error": "AccessDeniedException"}, 5, "AccessDeniedException", "ask for access to the role"),
        ({"error": "ThrottlingException"}, 4, "ThrottlingException", "try again"),
        ({"error": "ValidationException"}, 5, "ValidationException", "check account_access and role_arn"),
    ],
)
def test_a_refusal_says_what_to_do(
    ready: Home, emulator: Emulator, order: dict[str, str], code: int, words: str, hint: str
) -> None:
    """Each error of the service model has a remedy."""
    emulator.fault(CREDENTIALS, times=None, **order)

    told = complaint(ready.run("get", "builder"))

    assert told.code == code
    assert f"account-access-runtime {CREDENTIALS}" in told.message
    assert words in told.message
    assert hint in told.hint


def test_a_token_that_is_refused_is_renewed_once(ready: Home, emulator: Emulator) -> None:
    """As at the portal: 401 is the end of the access token, not of the sign-in."""
    answer(ready.run("get", "builder"))
    emulator.fault(CREDENTIALS, error="UnauthorizedException")

    answer(ready.run("get", "builder", "--refresh"))

    assert emulator.count("CreateTokenWithIAM") == 2


def test_a_person_who_is_not_given_the_role_is_named(ready: Home, emulator: Emulator) -> None:
    """So that it shows when somebody else has signed in."""
    ready.write_token(emulator.mint("bob@example.com"))

    assert "(signed in as bob@example.com)" in complaint(ready.run("get", "builder")).message


def test_an_application_without_the_scope_is_told_its_name(ready: Home) -> None:
    """A new access token does not help, and is asked for once."""
    ready.configure(ready.config.read_text() + 'scopes = ["openid"]\n')

    told = complaint(ready.run("get", "builder"))

    assert told.code == 5
    assert "lacks account_access:assume" in told.hint


def test_the_settings_of_a_role_session_count(ready: Home, emulator: Emulator) -> None:
    """Two hours and more too: no role opens this one, which would end it after an hour."""
    ready.configure(ready.config.read_text() + 'duration_seconds = 7200\nrole_session_name = "nightly"\n')
    before = time.time()

    expiration = datetime.fromisoformat(answer(ready.run("get", "builder"))["Expiration"]).timestamp()

    assert before + 7199 <= expiration <= time.time() + 7201
    assert emulator.count(CREDENTIALS, sessionName="nightly", sessionDuration=7200) == 1


def test_without_a_name_the_session_has_the_persons(ready: Home, emulator: Emulator) -> None:
    answer(ready.run("get", "builder"))

    assert emulator.count(CREDENTIALS, sessionName="alice@example.com", sessionDuration=3600) == 1


def test_explain_names_the_kind_of_profile(ready: Home) -> None:
    explained = json.loads(ready.run("explain", "builder", "--json").stdout)

    assert explained["target"] == "account access"
    assert explained["settings"]["account_access"]["value"] == "aa-0123456789ab"


def test_the_access_token_is_in_no_line_of_the_log(ready: Home, emulator: Emulator) -> None:
    done = ready.run("get", "--debug", "builder")

    assert f"debug: account-access-runtime {CREDENTIALS} at " in done.stderr
    assert tells(done.stderr, secrets(ready, emulator)) == []


@pytest.mark.parametrize("command", ["get", "login"])
def test_a_botocore_without_the_service_is_named_before_anything_is_spent(
    ready: Home, emulator: Emulator, command: str
) -> None:
    """The model came in November 2026, and older ones are supported; no person is asked, and no token is sent."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_THE_MODEL, command, "builder"],
        env=ready.environment,
        cwd=ready.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    told = complaint(done)
    assert told.code == 1
    assert told.message.startswith("account_access needs botocore ")
    assert "pip install --upgrade boto3" in told.hint
    assert emulator.requests == []
