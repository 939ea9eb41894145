"""The administrator's doctor: whose keys it takes, what it may not read, and how it says what mends."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from doctor.administered import Administered
from homes import Home

from oidc_helper.emulator import Emulator

if TYPE_CHECKING:
    import subprocess


ACCOUNT = "123456789012"
EXCHANGE = "sso-oauth:CreateTokenWithIAM"


@pytest.fixture
def administered(home: Home, emulator: Emulator) -> Administered:
    return Administered(home, emulator)


def allowing(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def run(administered: Administered, *words: str) -> "subprocess.CompletedProcess[str]":
    return administered.home.run("doctor", "--admin", *words)


def test_the_administrator_changes_nothing_and_spends_nothing(administered: Administered) -> None:
    """All that is sent are reads, and none of them has the person's token."""
    for profile in ("analytics", "dev-admin", "builder", "reports"):
        administered.report(profile)
    operations = {request.operation for request in administered.emulator.requests}

    assert operations
    assert all(operation.startswith(("Get", "List", "Describe")) for operation in operations)
    assert administered.home.get("analytics")


def test_a_denied_read_is_passed_over_with_the_action_that_is_missing(administered: Administered) -> None:
    """It is not a fault of what could not be read."""
    administered.emulator.directory.administrator.policy = allowing("sso:Describe*", "identitystore:*", "iam:*")
    report = administered.report("analytics")

    assert {check["status"] for check in report.values()} == {"ok", "skipped"}
    assert report["actor-policy"]["found"] == (
        "not checked: the administrator may not do sso:GetApplicationAuthenticationMethod"
    )
    assert report["scopes"]["found"].endswith("sso:ListApplicationAccessScopes")
    assert report["application"]["status"] == report["caller-role"]["status"] == "ok"


def test_whoever_may_read_nothing_is_told_each_action(administered: Administered) -> None:
    """STS says to everybody who they are."""
    administered.emulator.directory.administrator.policy = None
    report = administered.report("reports")
    ok = [one for one, check in report.items() if check["status"] != "skipped"]

    assert ok == ["administrator"]
    assert report["instance"]["found"].endswith("sso:DescribeInstance")
    assert report["session-role"]["found"].endswith("iam:GetRole")
    assert report["access-grants"]["found"].endswith("s3:GetAccessGrantsInstance")


@pytest.mark.parametrize(
    ("profile", "check", "action"),
    [
        ("analytics", "issuer", "sso:ListTrustedTokenIssuers"),
        ("analytics", "issuer", "identitystore:GetUserId"),
        ("analytics", "assignment", "sso:ListApplicationAssignments"),
        ("reports", "access-grant", "s3:ListAccessGrantsLocations"),
    ],
)
def test_what_is_read_for_a_remedy_alone_hides_no_fault(
    administered: Administered, profile: str, check: str, action: str
) -> None:
    """The remedy is a little poorer."""
    directory = administered.emulator.directory
    directory.application.issuer.issuer_url += "/" if check == "issuer" else ""
    directory.application.assigned -= directory.application.assigned if check == "assignment" else set()
    directory.s3_grants.clear()
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    directory.administrator.policy = {"Statement": [everything, {"Effect": "Deny", "Action": action}]}
    found = administered.report(profile)[check]

    assert found["status"] == "failed"
    assert "aws " in found["remedy"]


def test_an_instance_that_is_not_there_is_told(administered: Administered) -> None:
    """Another administrator may see it."""
    administered.emulator.fault("DescribeInstance", error="ResourceNotFoundException", times=None)
    found = administered.report("analytics")["instance"]

    assert found["status"] == "failed"
    assert found["found"].startswith("the administrator sees no instance arn:aws:sso:::instance/")
    assert "--admin-profile AWSPROFILE" in found["remedy"]


def test_lists_are_read_to_their_end(administered: Administered) -> None:
    """With pages of one entry each."""
    administered.emulator.directory.administrator_page = 1
    for profile in ("dev-admin", "builder", "reports"):
        assert administered.failed(profile) == []


def test_an_aws_profile_gives_the_keys(administered: Administered) -> None:
    """One that is named, or that AWS_PROFILE names; and the commands name it too."""
    keys = "".join(f"{name.lower()} = {value}\n" for name, value in administered.keys.items())
    administered.without_keys()
    administered.aws_config(f"[profile root]\n{keys}")
    administered.emulator.directory.application.enabled = False
    named = administered.report("--admin-profile", "root", "analytics")
    administered.home.environment["AWS_PROFILE"] = "root"

    assert named["administrator"]["found"] == f"arn:aws:iam::{ACCOUNT}:user/administrator"
    assert named["application"]["remedy"].endswith(" --profile root")
    assert administered.report("analytics")["administrator"]["status"] == "ok"


@pytest.mark.parametrize("words", [("--admin-profile", "back"), ()], ids=["named", "AWS_PROFILE"])
def test_an_aws_profile_that_leads_back_to_us_is_refused(administered: Administered, words: tuple[str, ...]) -> None:
    """It would be the person's session, and no administrator's."""
    administered.without_keys()
    administered.aws_config("[profile back]\ncredential_process = oidc-helper get analytics\n")
    administered.home.environment["AWS_PROFILE"] = "back"
    report = administered.report(*words, "analytics")

    assert "AWS profile back -> its credential_process, oidc-helper" in report["administrator"]["found"]
    assert report["instance"]["found"] == "not checked: administrator failed"
    assert administered.emulator.requests == []


def test_claims_of_a_file_stand_for_the_person(administered: Administered) -> None:
    """As a JSON object, or as the token; the person's own token is not needed."""
    (administered.home.path / "token").unlink()
    without = administered.report("analytics")
    emulator = administered.emulator
    whose = {"iss": emulator.issuer, "aud": [emulator.client_id], "email": "bob@example.com", "sub": "00u-bob"}
    claims = administered.write_claims(**whose)

    assert without["claim"]["found"] == ("there is no identity token of the person: give its claims with --claims FILE")
    assert administered.report("--claims", claims, "analytics")["user"]["found"].startswith("bob, ")

    (administered.home.path / "jwt").write_text(emulator.mint("mallory@example.com") + "\n")
    report = administered.report("--claims", str(administered.home.path / "jwt"), "analytics")

    assert report["user"]["found"].startswith("mallory, ")
    assert report["assignment"]["status"] == "failed"


@pytest.mark.parametrize(
    ("text", "found"), [("[]", "neither a JSON object nor a JWT"), ("", "neither"), (None, "No such file")]
)
def test_a_file_without_claims_is_a_mistake(administered: Administered, text: str | None, found: str) -> None:
    """Before anything is asked."""
    path = administered.home.path / "claims"
    if text is not None:
        path.write_text(text)
    done = run(administered, "--claims", str(path), "analytics")

    assert (done.returncode, done.stdout) == (2, "")
    assert found in done.stderr
    assert administered.emulator.requests == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--policy",), "--policy goes with --admin"),
        (("--claims", "x"), "--claims goes with --admin"),
        (("--admin", "--exchange", "analytics"), "--exchange does not go with --admin"),
        (("--admin",), "--admin looks at one profile"),
        (("--admin", "--only", "vault", "analytics"), "there is no check"),
        (("--admin", "nobody"), "no profile 'nobody'"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    administered: Administered, words: tuple[str, ...], message: str
) -> None:
    done = administered.home.run("doctor", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "hint: " in done.stderr


def test_the_checks_can_be_listed_and_chosen(administered: Administered) -> None:
    """The list needs neither a profile nor AWS."""
    listed = json.loads(run(administered, "--list", "--json").stdout)

    assert {"id": "actor-policy", "about": "its actor policy admits the caller"} in listed["checks"]
    assert list(administered.report("--only", "scopes", "--only", "key", "analytics")) == ["key", "scopes"]


def test_a_role_of_another_account_is_for_another_administrator(administered: Administered) -> None:
    """IAM shows nobody the roles of others."""
    role = administered.emulator.directory.analytics_role_arn
    administered.settings(role, role.replace(ACCOUNT, "111122223333"))
    report = administered.report("analytics")

    assert report["session-role"]["status"] == "skipped"
    assert "is in account 111122223333" in report["session-role"]["found"]
    assert "name another --admin-profile" in report["session-role"]["found"]


def test_what_is_too_wide_is_remarked(administered: Administered) -> None:
    """It works, and admits more than the caller."""
    for principal, remark in ((ACCOUNT, f"the whole account {ACCOUNT}"), ("*", "everybody (*)")):
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": EXCHANGE, "Resource": "*"}
        administered.emulator.directory.application.actor_policy = {"Statement": [statement]}
        check = administered.report("--only", "actor-policy", "analytics")["actor-policy"]

        assert check["status"] == "ok"
        assert remark in check["found"]


def test_a_report_for_others_names_nobody(administered: Administered) -> None:
    """Neither people nor accounts nor what is theirs, also in the commands."""
    administered.emulator.directory.application.assigned.clear()
    administered.emulator.directory.application.scopes.clear()
    done = run(administered, "--anonymize", "--json", "reports")

    for name in ("alice", ACCOUNT, "93a4c812", "1234567890abcdef", "7890abcdef", "oidc-helper-cli", "s3://reports"):
        assert name not in done.stdout
    assert "create-application-assignment" in done.stdout


def test_no_key_of_the_administrator_is_shown(administered: Administered) -> None:
    """Not even where AWS repeats what it was sent."""
    secret = administered.keys["AWS_SECRET_ACCESS_KEY"]
    administered.emulator.fault("DescribeInstance", error="ValidationException", message=f"bad {secret}", times=None)
    done = run(administered, "--debug", "analytics")

    assert "ValidationException" in done.stdout
    assert secret not in done.stdout + done.stderr


def test_no_key_of_the_administrator_is_kept(administered: Administered) -> None:
    """Nothing in the home has it, nor the session token of a temporary one."""
    run(administered, "analytics")
    secret = administered.keys["AWS_SECRET_ACCESS_KEY"]
    kept = [
        path for path in administered.home.path.rglob("*") if path.is_file() and secret in path.read_text("latin-1")
    ]

    assert kept == []


def test_a_provider_of_many_organizations_is_narrowed(administered: Administered) -> None:
    """IAM refuses a trust that compares nothing but the audience of GitHub's tokens."""
    subject = "repo:example/reports:ref:refs/heads/main"
    claims = administered.write_claims(
        iss="https://token.actions.githubusercontent.com", aud="sts.amazonaws.com", sub=subject
    )
    check = administered.report("--only", "caller-role", "--claims", claims, "analytics")["caller-role"]

    assert f'"token.actions.githubusercontent.com:sub":"{subject}"' in check["remedy"]


def test_google_needs_no_provider_in_iam(administered: Administered) -> None:
    """Trust policies name it alone."""
    claims = administered.write_claims(iss="https://accounts.google.com", aud="client", sub="1", email="a@example.com")
    checks = ("--only", "oidc-provider", "--only", "client-ids", "--only", "caller-role")
    report = administered.report(*checks, "--claims", claims, "analytics")

    assert report["oidc-provider"]["found"] == "IAM knows accounts.google.com by itself"
    assert report["client-ids"]["status"] == "skipped"
    assert '"Principal":{"Federated":"accounts.google.com"}' in report["caller-role"]["remedy"]
    assert '"accounts.google.com:aud":"client"' in report["caller-role"]["remedy"]
