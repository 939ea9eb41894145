"""Each row of the table of errors was met by a real command, with the message, the remedy and the exit status."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli.test_bad_input import CASES
from cli.transcript import complaint
from cli.worlds import Break, World, arranged, fault, variable
from fakes.places import needs
from homes import Home
from service_limits import knows_account_access

from oidc_helper import kernel
from oidc_helper.aws import refusals as aws_refusals
from oidc_helper.emulator import Emulator
from oidc_helper.manual import errors
from oidc_helper.oidc import refusals as provider_refusals

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "man/oidc-helper-errors.7"
_ROWS = [(section, row) for section in errors.table() for row in section.rows]
_OF_SERVICES = {*errors.of_providers(), *errors.of_aws()}
_OF_OTHERS = {row for section, row in _ROWS if not section.code}


@dataclass(frozen=True)
class Met:
    """A command, and what is broken before it runs."""

    words: tuple[str, ...] = ("get", "analytics")
    breaks: Break = lambda _: None
    variables: Mapping[str, str] = field(default_factory=dict)


def settings(old: str, new: str) -> Break:
    return lambda world: world.settings(old, new)


def config(text: str) -> Break:
    return lambda world: world.home.configure(text)


def mode(bits: int) -> Break:
    return lambda world: world.home.config.chmod(bits)


def sign_in(source: str, **more: str) -> Break:
    """Let a person sign in at the emulator's provider."""

    def arrange(world: World) -> None:
        emulator = world.emulator
        keys = {"source": source, "issuer": emulator.issuer, "client_id": emulator.client_id, **more}
        lines = "\n".join(f'{name} = "{value}"' for name, value in keys.items())
        world.settings('source = "file"\npath = "token"', lines)

    return arrange


def both(*breaks: Break) -> Break:
    def arrange(world: World) -> None:
        for one in breaks:
            one(world)

    return arrange


def at_device(operation: str, **members: object) -> Break:
    """Let a person sign in at a provider whose answer to the operation has other members; None leaves one out."""

    def arrange(world: World) -> None:
        sign_in("device")(world)
        issuer = world.emulator.issuer
        usual = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        usual |= {"issuer": issuer, "device_authorization_endpoint": f"{issuer}/device_authorization"}
        answer = {**(usual if operation == "Discovery" else {}), **members}
        told = {name: value for name, value in answer.items() if value is not None}
        world.emulator.fault(operation, body=json.dumps(told).encode(), times=None)

    return arrange


def mfa(world: World) -> None:
    world.aws_profile(
        "[profile base]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = keys\nmfa_serial = m\n"
        "[profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )


def spent(world: World) -> None:
    world.home.get("analytics")
    world.home.run("logout", "--all")


DEVICE = ("login", "--device", "analytics")
BY_NAME = {case.name: case for case in CASES}


def as_in(name: str) -> Met:
    """A case of `test_bad_input`."""
    return Met(("get", BY_NAME[name].profile), BY_NAME[name].breaks)


# The first message of a row -> the command that shows it; else the test that does, with real parts.
MET: Mapping[str, Met | str] = {
    # 1
    "unexpected …, which is a bug": "test_a_directory_that_root_made_in_a_home_is_no_bug",
    "the answer cannot be written: …": "test_an_answer_that_nobody_reads_is_no_success",
    "the new credentials have already expired": "test_only_a_failure_that_repeats_is_shared",
    "an endpoint needs …, which oidc-helper does not bring by itself": (
        "test_without_the_extra_the_command_that_installs_it_is_named"
    ),
    "account_access needs botocore … or newer, and … is installed": (
        "test_a_botocore_without_the_service_is_named_before_anything_is_spent"
    ),
    "… cannot be read: …": "test_a_file_that_cannot_be_written_leaves_the_other_one",
    "… cannot be run: …": Met(("exec", "analytics", "--", "/")),
    "no browser can be opened: …": Met(("console", "analytics"), variables={"SSH_TTY": "/dev/pts/9"}),
    "boto3 got no credentials: …": "test_demo_works_in_an_empty_home_and_leaves_nothing",
    # 2
    "… is no IP address to listen on": Met(("serve", "analytics", "--bind", "here")),
    "no socket was passed: LISTEN_FDS is not set": Met(("serve", "analytics", "--fd")),
    "each profile has a token of its own, and needs a file of its own": Met(
        ("serve", "analytics", "dev-admin", "--token-file", "token")
    ),
    "…; the former settings stay in force": "test_settings_that_are_wrong_leave_the_former_in_force",
    "a command is missing": Met(()),
    "… needs the name of a profile": Met(("completion",)),
    "identity … needs nobody to sign in": Met(("login", "--device", "analytics")),
    "no configuration: …": as_in("no configuration"),
    "no profile …": as_in("unknown profile"),
    "…: … (line …): …": as_in("wrong ARN"),
    "…belongs to another user (…)": Met(breaks=mode(0o666)),
    "profile … has nothing to get credentials for": Met(
        breaks=lambda world: world.home.configure(
            world.home.config.read_text().split("[profile")[0] + "[profile.analytics]\n"
        )
    ),
    "the credentials of … are in this environment already": Met(
        ("exec", "analytics", "true"), variables={"OIDC_HELPER_PROFILE": "analytics"}
    ),
    "--destination … is no page of the console": Met(("console", "analytics", "--print", "--destination", "x")),
    "Azure Pipelines issues identity tokens for … only": Met(
        breaks=settings('source = "file"\npath = "token"', 'source = "ci"\naudience = "x"'),
        variables={"TF_BUILD": "True"},
    ),
    "cmd cannot take the value of …": "test_powershell_and_cmd_have_their_own_quotes",
    "the settings lead back to oidc-helper: …": as_in("a circle of two"),
    "… has no AWS credentials: nothing in …": as_in("no keys"),
    "…'s credentials cannot be obtained from …": as_in("a process that fails"),
    "--claims … holds neither a JSON object nor a JWT": Met(
        ("doctor", "--admin", "--claims", "config.toml", "analytics")
    ),
    "there is no AWS profile …": as_in("no such AWS profile"),
    "the AWS profile … needs an MFA code (mfa_serial), and nobody is asked for one here": Met(breaks=mfa),
    "… is not the address of a host": Met(breaks=variable("AWS_ENDPOINT_URL_STS", "http://sts.example.com")),
    "OIDC_HELPER_KERNEL_KEYRING is …": Met(("status",), variables={kernel.VARIABLE: "of"}),
    "… names a proxy with …://, which cannot be used": Met(
        breaks=variable("AWS_ENDPOINT_URL_STS", "https://sts.example.com"), variables={"HTTPS_PROXY": "nntp://a:1"}
    ),
    "…: the certificates in … cannot be read: …": Met(
        breaks=variable("AWS_ENDPOINT_URL_STS", "https://sts.example.com"), variables={"AWS_CA_BUNDLE": "no.pem"}
    ),
    "the real user is …, the effective one …: credentials belong to one user": "test_a_process_of_two_users_is_refused",
    "missing flags: …": Met(("configure", "--non-interactive")),
    "no plan can be made: …": Met(("doctor", "--plan", "--issuer", "https://example.okta.com")),
    "there is no terminal to ask at": Met(("completion", "bash", "--install"), variables={"SHELL": "/bin/bash"}),
    "… cannot be started: …": as_in("no such command"),
    "… holds no client_secret": "test_a_place_without_a_secret_is_named_with_its_remedy",
    "AWS profile … has credentials of another kind: …": "test_an_aws_profile_of_somebody_else_is_refused_by_name",
    "… is not a regular file": "test_file_that_is_not_to_be_replaced",
    "--issuer, --audience and --email go together": Met(("emulator", "--audience", "x")),
    # 3
    "nobody is signed in as …": Met(breaks=sign_in("browser")),
    "the session at … was not renewed: …": "test_a_renewal_without_id_token_takes_a_person",
    "a sign-in did not work … s ago: …": "test_an_ignored_sign_in_opens_no_second_tab",
    "nobody finished the sign-in in the browser in time": "test_a_sign_in_that_nobody_finishes_ends_in_time",
    "nobody entered the code in time": "test_polling_ends_with_the_code_s_lifetime_or_our_deadline",
    "a background job cannot ask": "test_a_background_job_cannot_ask",
    "the address that begins the sign-in was opened twice: another program may have read it": (
        "test_the_start_leads_to_the_provider_once"
    ),
    "… has signed in, not … as before: nothing was changed": "test_without_consent_nothing_changes",
    "the identity token of … was sent before, and each counts only once": Met(breaks=spent),
    "there is no identity token: … does not exist": as_in("no token file"),
    "the identity token of … has no usable exp": as_in("no exp"),
    "the identity token of … expired … s ago": as_in("expired"),
    "… printed more than any identity token or secret": as_in("a command that fails"),
    "the CI system gives no identity token: …": Met(
        breaks=settings('source = "file"\npath = "token"', 'source = "ci"\naudience = "x"'),
        variables={"GITHUB_ACTIONS": "true"},
    ),
    # 4
    "the credentials are being fetched": "test_readiness_is_told_while_fetches_fail",
    "… cannot be reached (…)": as_in("AWS_ENDPOINT_URL_STS refuses the connection"),
    "…: … gave an answer that cannot be read": as_in("AssumeRole answers 200 with HTML"),
    "… did not work: …": as_in("429"),
    "the TLS certificate of … is not trusted…": "test_an_untrusted_certificate_is_refused_before_anything_is_sent",
    "the TLS certificate of … is not valid yet": "test_a_certificate_s_fault_is_named",
    "the TLS certificate of … is for another name": "test_a_certificate_s_fault_is_named",
    "not done within … s": as_in("a command that hangs"),
    "gave up waiting for …": "test_a_caller_with_nothing_names_the_login_that_stays_open",
    "no further process can be started: …": "test_a_process_that_cannot_be_started_is_told",
    "there is not enough memory…": "test_a_machine_without_memory_spends_no_token",
    "… was changed since it was read": "test_a_file_that_was_edited_meanwhile_is_not_overwritten",
    "cannot listen on …: …": "test_a_port_of_localhost_that_is_taken_on_one_address_is_refused",
    # 5
    "… refuses to sign these credentials in: HTTP status …": Met(
        ("console", "--print", "dev-admin"), fault("GetSigninToken", status=403)
    ),
    "… of the identity token: …": "test_a_token_without_jti_is_told_before_anything_is_written",
    "the administrator sees no instance …": "test_an_instance_that_is_not_there_is_told",
    "CreateTokenWithIAM gave no identity context, which a role session needs": Met(
        breaks=settings("[defaults]\n", '[defaults]\nscopes = ["sso:account:access"]\n')
    ),
    "Identity Center gave no ID token": Met(
        ("token", "--id-token", "analytics"),
        settings("[defaults]\n", '[defaults]\nscopes = ["sts:identity_context"]\n'),
    ),
    "… says that its issuer is …, not …": Met(DEVICE, at_device("Discovery", issuer="https://elsewhere.example")),
    "… redirects to …, which is not followed": Met(DEVICE, both(sign_in("device"), fault("Discovery", status=404))),
    "… offers no …": Met(DEVICE, at_device("Discovery", device_authorization_endpoint=None)),
    "… names … as the page for the code, which is not an https address": Met(
        DEVICE,
        at_device(
            "DeviceAuthorization", device_code="d", user_code="u", expires_in=60, verification_uri="http://evil.example"
        ),
    ),
    "the answer of … cannot be used: …": "test_a_wrong_claim_is_refused_by_its_name",
    "the ID token of … is signed with none of its published keys": "test_a_signature_by_a_foreign_key_is_refused",
    "… answered the refresh token with somebody else's identity token": (
        "test_an_identity_token_of_somebody_else_is_refused"
    ),
    "… did not revoke the refresh token: HTTP status …": "test_a_failed_revocation_is_an_error",
    # 6
    "… is locked": "test_a_locked_keyring_is_named_and_nobody_is_asked",
    "the chosen keyring back end cannot be used: …": Met(variables={"PYTHON_KEYRING_BACKEND": "no.such.Keyring"}),
    "there is no keyring in this session": "test_a_login_that_nothing_keeps_signs_in_once_and_says_so",
    "the … of … may lie in …, which this session does not use": "test_an_unkept_record_serves_its_own_process",
    "… did not keep what was put there": "test_a_vault_that_keeps_something_else_is_told",
    "no keyring holds client_secret": "test_without_a_keyring_the_hint_names_the_command",
    "cannot write in …: …": "test_of_twelve_at_once_that_can_note_nothing_one_sends_their_token",
}
COMMANDS = {form: met for form, met in MET.items() if isinstance(met, Met)}


@pytest.fixture
def world(home: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A home in which all is well."""
    yield from arranged(home, emulator, monkeypatch)


def test_every_row_was_met() -> None:
    """By a command below, or by the test that is named."""
    assert list(MET) == [row.forms[0] for _, row in _ROWS if row not in _OF_SERVICES | _OF_OTHERS]


@pytest.mark.parametrize("named", sorted({met for met in MET.values() if isinstance(met, str)}))
def test_the_tests_that_met_a_row_are_there(named: str) -> None:
    """A row may take a browser, a keyring or another user to be met."""
    assert [path for path in (_ROOT / "tests").rglob("test_*.py") if f"def {named}(" in path.read_text()]


@pytest.mark.parametrize("form", COMMANDS)
def test_a_command_shows_the_message(world: World, form: str) -> None:
    """On standard error, with the exit status of its section."""
    met = COMMANDS[form]
    met.breaks(world)

    told = complaint(world.home.run(*met.words, **met.variables))

    section, row = next((section, row) for section, row in _ROWS if row.forms[0] == form)
    assert row.fits(told.message), told
    assert told.code in (row.codes or (section.code,))


# Operation -> the command that calls it, with the profiles of `services`.
CALLED_BY = {
    "": ("get", "analytics"),
    "GetRoleCredentials": ("get", "dev-admin"),
    "GetDataAccess": ("get", "reports"),
    "ListAccounts": ("profiles", "analytics"),
    "ListAccountRoles": ("profiles", "analytics"),
    "account-access-runtime GetRoleCredentials": ("get", "builder"),
    "account-access-runtime ListRoles": ("profiles", "builder"),
}
REFUSALS = [
    *((operation, code, remedy, {}) for (operation, code), remedy in aws_refusals.REMEDIES.items()),
    *(
        ("CreateTokenWithIAM", "AccessDeniedException", remedy, {"members": {"reason": reason}})
        for reason, remedy in aws_refusals.REASONS.items()
    ),
    *(("AssumeRole", "AccessDenied", remedy, {"message": words}) for words, remedy in aws_refusals.DENIALS),
    *(
        ("AssumeRoleWithWebIdentity", "InvalidIdentityToken", remedy, {"message": words})
        for words, remedy in aws_refusals.UNVERIFIED
    ),
]


def services(world: World) -> None:
    """Add profiles whose credentials come from the other services."""
    directory = world.emulator.directory
    tenant = directory.tenant
    text = world.home.config.read_text()
    world.home.configure(
        f"""{text}
[profile.reports]
role_arn = "{directory.analytics_role_arn}"
s3_grant = {{ target = "s3://reports/2026/*", permission = "READ" }}

[profile.builder]
role_arn = "{min(arn for _, arn in tenant.entitlements)}"
account_access = "{tenant.tenant_id}"
"""
    )


@pytest.mark.parametrize(("operation", "code", "remedy", "more"), REFUSALS)
def test_a_refusal_of_aws_is_shown_with_its_remedy(
    world: World, operation: str, code: str, remedy: aws_refusals.Remedy, more: dict[str, object]
) -> None:
    """The message is AWS's own, the hint is that of the row."""
    if operation.startswith("account-access"):
        needs(knows_account_access(), "a newer botocore")
    services(world)
    called = operation.rpartition(" ")[2] or "AssumeRole"
    world.emulator.fault(called, error=code, times=None, **more)

    told = world.home.run(*CALLED_BY.get(operation, CALLED_BY[""])).stderr

    message = re.search(rf"(?:account-access-runtime )?{called} was refused: .*", told)
    assert message, told
    assert [row for row in errors.of_aws() if (row.cause, row.remedy) == remedy and row.fits(message[0])]
    assert "hint: " not in told or remedy.mend.replace("PROFILE", "analytics") in told


@pytest.mark.parametrize("code", provider_refusals.KINDS)
def test_a_refusal_of_the_provider_is_shown_with_its_remedy(world: World, code: str) -> None:
    """Whichever of its endpoints refuses."""
    sign_in("device")(world)
    body = json.dumps({"error": code}).encode()
    world.emulator.fault("DeviceAuthorization", status=400, body=body, times=None)

    told = complaint(world.home.run(*DEVICE))

    row = next(row for _, row in _ROWS if row in _OF_SERVICES and row.fits(told.message))
    assert code in row.messages
    assert told.code in row.codes
    assert row.remedy in ("run the command in the hint", told.hint)
