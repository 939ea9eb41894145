"""`doctor --plan`: where its values come from, and what it says where it has none."""

import shlex

import pytest
from cli.transcript import complaint
from homes import Home, file_config
from setup.spec_cases import OKTA, ROLE

from oidc_helper.emulator import Emulator

FLAGS = ("--issuer", OKTA, "--client-id", "0oa1b2c3d4", "--identity-center-region", "eu-west-1")
CONFIG = f"""
[identity.corp]
source = "browser"
issuer = "{OKTA}"
client_id = "0oa1b2c3d4"

[defaults]
identity = "corp"
application_arn = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
identity_center_region = "eu-west-1"
caller = {{ web_identity_role_arn = "arn:aws:iam::123456789012:role/laptops" }}

[profile.analytics]
role_arn = "{ROLE}"

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"
"""


def printed(home: Home, *words: str) -> str:
    done = home.run("doctor", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        (("--plan", "analytics"), "#!/bin/sh"),
        (("analytics", "--plan"), "#!/bin/sh"),
        (("--plan", "shell", "analytics"), "#!/bin/sh"),
        (("--plan", "terraform", "analytics"), "# Sets up"),
        (("--plan", "cloudformation", "analytics"), "# Sets up"),
    ],
)
def test_a_profile_has_all_that_a_plan_needs(home: Home, words: tuple[str, ...], beginning: str) -> None:
    """Whether the language is said or not."""
    home.configure(CONFIG)
    text = printed(home, *words)

    assert text.startswith(beginning)
    assert "laptops" in text
    assert "analytics" in text


def test_each_profile_has_a_plan_of_its_own(home: Home) -> None:
    home.configure(CONFIG)

    assert "sso:account:access" in printed(home, "--plan", "dev-admin")
    assert "sso:account:access" not in printed(home, "--plan", "analytics")


def test_flags_need_no_configuration(home: Home) -> None:
    """Those that change nothing in a plan are taken too, so that the flags of configure can stay as they are."""
    text = printed(home, "--plan", *FLAGS, "--role-arn", ROLE, "--source", "browser", "--sign-in", "when-needed")

    assert f"ISSUER={OKTA}\n" in text


def test_flags_count_before_the_profile(home: Home) -> None:
    """A target of theirs takes the place of the profile's."""
    home.configure(CONFIG)
    text = printed(
        home, "--plan", "analytics", "--group", "my people", "--account-id", "111122223333", "--permission-set", "Admin"
    )

    assert f"GROUP={shlex.quote('my people')}\n" in text
    assert "sso:account:access" in text
    assert "ROLE_NAME" not in text


def test_the_token_of_a_workload_tells_issuer_and_audience(home: Home, emulator: Emulator) -> None:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    text = printed(home, "--plan", "analytics")

    assert f"ISSUER={emulator.issuer}\n" in text
    assert f"AUDIENCE={emulator.client_id}\n" in text


def test_no_plan_has_a_token_or_a_secret(home: Home, emulator: Emulator) -> None:
    token = emulator.mint("alice@example.com")
    home.configure(file_config(emulator))
    home.write_token(token)

    assert token not in "".join(printed(home, "--plan", kind, "analytics") for kind in ("shell", "terraform"))


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--plan",), "a plan is for one profile", "oidc-helper doctor --plan PROFILE"),
        (("--plan", "analitics"), "no profile 'analitics', did you mean analytics?", ""),
        (
            ("--plan", "terrafom", "analytics"),
            """--plan takes "shell", "terraform" or "cloudformation", not 'terrafom', did you mean terraform?""",
            "oidc-helper doctor --plan analytics",
        ),
        (("--plan", "analytics", "--json"), "--plan does not go with --json", "oidc-helper doctor --help"),
        (("--group", "x"), "these options are for a plan", "add --plan, or leave them out"),
        (
            ("--plan", "--issuer", OKTA),
            "no plan can be made: a plan needs --client-id; a plan needs --identity-center-region",
            "",
        ),
        (
            ("--plan", *FLAGS, "--account-id", "12"),
            "wrong flags: --account-id '12' does not look like an account id",
            "",
        ),
    ],
)
def test_what_is_wrong_is_said(home: Home, words: tuple[str, ...], message: str, hint: str) -> None:
    home.configure(CONFIG)
    told = complaint(home.run("doctor", *words))

    assert told.code == 2
    assert told.message.startswith(message)
    assert told.hint.startswith(hint)


def test_a_source_that_aws_itself_sets_up_has_no_plan(home: Home) -> None:
    home.configure(
        CONFIG.replace(
            f'source = "browser"\nissuer = "{OKTA}"\nclient_id = "0oa1b2c3d4"', 'source = "identity-center"'
        ).replace('{ web_identity_role_arn = "arn:aws:iam::123456789012:role/laptops" }', "{ environment = true }")
    )
    told = complaint(home.run("doctor", "--plan", "analytics"))

    assert (told.code, told.message) == (
        2,
        'a plan needs the issuer of identity tokens, and source "identity-center" has none',
    )


def test_a_token_that_is_not_there_is_asked_for_by_flags(home: Home, emulator: Emulator) -> None:
    home.configure(file_config(emulator))
    told = complaint(home.run("doctor", "--plan", "analytics"))

    assert told.code == 2
    assert told.message.startswith("a plan needs issuer and audience of the identity token: ")
    assert told.hint == "add --issuer and --client-id"
    assert home.run("doctor", "--plan", "analytics", "--issuer", OKTA, "--client-id", "x").returncode == 0
