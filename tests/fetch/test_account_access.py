"""A profile whose role account access manager gives: from the person's sign-in to credentials."""

import os

import boto3
import pytest
from cli.transcript import answer, complaint
from fakes.places import needs
from homes import COMMAND, Home, file_config
from service_limits import knows_account_access

from oidc_helper.aws import account_access
from oidc_helper.cli import wiring
from oidc_helper.emulator import Emulator
from oidc_helper.errors import OidcHelperError
from oidc_helper.fetch import broker

pytestmark = pytest.mark.usefixtures("forks")

CREDENTIALS = "GetRoleCredentials"


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


def test_a_botocore_without_the_service_is_named_before_anything_is_spent(
    ready: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model came in November 2026, and older ones are supported."""
    monkeypatch.setattr(account_access, "SERVICE", "account-access-of-tomorrow")
    monkeypatch.setattr(os, "environ", {**ready.environment, **emulator.environment})

    errand = wiring.errand("builder")
    with pytest.raises(OidcHelperError) as caught:
        broker.fetch(errand.profile, errand.settings.stamp, errand.means)

    assert caught.value.message.startswith("account_access needs botocore ")
    assert "pip install --upgrade boto3" in str(caught.value.hint)
    assert emulator.requests == []
