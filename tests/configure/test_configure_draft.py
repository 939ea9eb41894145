"""A draft writes what was answered, as far as the files do not say it already, and what can no longer stand goes."""

import tomllib
from typing import Any

import pytest

from oidc_helper.configure.draft import Draft, name_of_issuer

ARN = "arn:aws:iam::123456789012:role/one"
SITE = """
[identity.corp]
source = "browser"
issuer = "https://login.example.com"
client_id = "cli"

[defaults]
identity = "corp"
application_arn = "application"
identity_center_region = "eu-west-1"
caller = { environment = true }
"""
MINE = f"""
[profile.one]
role_arn = "{ARN}"
duration_seconds = 900
s3_grant = {{ target = "s3://reports/*", permission = "READ" }}

[profile.two]
role_arn = "{ARN}"
account_access = "aa-1"
generated = true
"""


def draft(name: str, whole: str = SITE + MINE, written: str = MINE, **answers: Any) -> Draft:
    made = Draft(tomllib.loads(whole), tomllib.loads(written), name)
    for key, value in answers.items():
        made.answer("profile", key, value)
    return made


def test_what_the_defaults_say_is_not_written_again() -> None:
    """The company's identity, application, region and caller stay where they are."""
    answers: dict[str, Any] = {
        "identity": "corp",
        "identity_center_region": "eu-west-1",
        "caller": {"environment": True},
    }

    assert draft("new", SITE + MINE, MINE, **answers, role_arn=ARN).tables() == {("profile", "new"): {"role_arn": ARN}}


def test_the_first_profile_writes_the_defaults() -> None:
    """The next one finds there what all share."""
    made = draft("first", "", "", identity="job", application_arn="a", caller={"environment": True}, role_arn=ARN)
    made.answer("identity", "source", "file")

    assert made.tables() == {
        ("identity", "job"): {"source": "file"},
        ("defaults",): {"identity": "job", "application_arn": "a", "caller": {"environment": True}},
        ("profile", "first"): {"role_arn": ARN},
    }


def test_a_permission_set_takes_the_place_of_a_role() -> None:
    """With all that served only the role."""
    made = draft("one", account_id="111122223333", permission_set="Admin")

    assert made.target == "permission set"
    assert made.tables() == {
        ("profile", "one"): {
            "account_id": "111122223333",
            "permission_set": "Admin",
            "role_arn": None,
            "duration_seconds": None,
            "s3_grant": None,
        }
    }


def test_another_role_of_the_same_tenant_is_one_change() -> None:
    """The flag of one key changes that key."""
    assert draft("two", role_arn=f"{ARN}-b").tables() == {("profile", "two"): {"role_arn": f"{ARN}-b"}}


def test_a_copy_is_a_persons() -> None:
    """It has the values of the other, without the mark of a generated profile."""
    made = draft("copy")
    made.copy_of = "two"

    assert made.tables() == {("profile", "copy"): {"role_arn": ARN, "account_access": "aa-1"}}


def test_nothing_new_writes_nothing() -> None:
    """An answer that is there already is no change."""
    assert draft("one", role_arn=ARN).tables() == {}


def test_another_source_leaves_no_key_of_the_former_one() -> None:
    """Only of what the user's own file says: nobody can take a key out of the company's."""
    made = draft("one", written=SITE + MINE)
    made.answer("identity", "source", "file")
    made.answer("identity", "path", "/token")

    assert made.tables()["identity", "corp"] == {"source": "file", "path": "/token", "issuer": None, "client_id": None}


def test_another_issuer_makes_another_identity() -> None:
    """All other profiles go on with the one that they share."""
    made = draft("new", role_arn=ARN)
    made.answer("identity", "issuer", "https://dev-1.okta.com")
    made.settle_identity()
    made.name_identity()

    assert made.identity == "okta"
    assert made.tables()["identity", "okta"] == {"source": "browser", "issuer": "https://dev-1.okta.com"}


def test_an_identity_that_is_described_is_found() -> None:
    """Its name need not be known."""
    made = draft("new", role_arn=ARN)
    made.answer("identity", "issuer", "https://login.example.com")
    made.answer("identity", "client_id", "cli")
    made.settle_identity()

    assert made.identity == "corp"
    assert made.missing() == []


def test_all_that_is_missing_is_named_in_order() -> None:
    """As flags."""
    made = draft("", "", "")

    assert [one.partition(":")[0] for one in made.missing()] == [
        "--issuer",
        "--client-id",
        "PROFILE",
        "--application-arn",
        "--identity-center-region",
        "--caller-role or --caller-profile or --caller-environment",
        "--role-arn, or --account-id with --permission-set",
    ]


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("https://dev-1.okta.com/oauth2/default", "okta"),
        ("https://login.microsoftonline.com/tenant/v2.0", "microsoftonline"),
        ("https://sso.example.co.uk", "example"),
        ("https://keycloak/realms/x", "keycloak"),
        ("http://127.0.0.1:7420/idp", "local"),
        ("http://[::1]:7420/idp", "local"),
        ("http://localhost:8080", "local"),
    ],
)
def test_an_identity_is_named_after_its_issuer(issuer: str, name: str) -> None:
    """As people call it."""
    assert name_of_issuer(issuer) == name
