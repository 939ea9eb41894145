"""A profile of each thing in both files: made, renamed, pruned; and whatever is not theirs stays as it was."""

import shutil

import pytest
from cli.transcript import complaint
from homes import COMMAND
from profiles.conftest import Site, roles_config

from oidc_helper.emulator.directory import Assignment

DEVELOPMENT, PRODUCTION = "111122223333", "222233334444"
NAMES = ["development-Admin", "development-ReadOnly", "production-ReadOnly"]


@pytest.fixture
def written(site: Site) -> Site:
    """All three have profiles."""
    site.run("--write")
    return site


def test_each_gets_a_profile_in_both_files(written: Site) -> None:
    """Which works."""
    assert list(written.profiles()) == NAMES
    assert written.profiles()["development-Admin"] == {
        "account_id": DEVELOPMENT,
        "permission_set": "Admin",
        "generated": True,
        "account_name": "development",
    }
    assert written.sections()["development-Admin"] == {
        "credential_process": f"{COMMAND} get development-Admin",
        "region": "eu-west-1",
    }
    assert written.home.get("development-ReadOnly")["AccountId"] == DEVELOPMENT


def test_it_tells_what_it_did(site: Site) -> None:
    said = site.run("--write").stdout.splitlines()

    assert said == [
        "profiles: 3 made",
        f"changed {site.home.config}",
        f"changed {site.aws}",
        "to try one: aws sts get-caller-identity --profile development-Admin",
    ]
    assert site.run("--write").stdout == "nothing to change\n"


def test_what_was_there_is_there_still(site: Site) -> None:
    """Byte for byte: the new stands behind it."""
    before = site.files()
    sections = site.sections()
    site.run("--write")

    assert all(new.startswith(old) for new, old in zip(site.files(), before, strict=True))
    assert {name: values for name, values in site.sections().items() if name not in NAMES} == sections


def test_a_second_run_has_nothing_to_do(written: Site) -> None:
    before = written.files()

    assert written.run("--diff").stdout == ""
    written.run("--write", "--prune")
    assert written.files() == before


def test_diff_changes_nothing(site: Site) -> None:
    """Also together with `--write`; it shows both files."""
    before = site.files()
    for words in (["--diff"], ["--diff", "--write", "--prune"]):
        shown = site.run(*words).stdout
        assert "+[profile.development-Admin]" in shown
        assert "+[profile development-Admin]" in shown
    assert site.files() == before


def test_a_region_that_nobody_knows_is_doubted(site: Site) -> None:
    assert (
        "eu-west-9 is no region that the installed botocore knows" in site.run("--diff", "--region", "eu-west-9").stderr
    )


def test_template_filters_and_region_are_remembered(site: Site) -> None:
    words = ("--template", "aws.{account_id}.{permission_set}", "--account", "dev*", "--region", "us-east-1")
    site.run("--write", *words)

    assert list(site.profiles()) == [f"aws.{DEVELOPMENT}.Admin", f"aws.{DEVELOPMENT}.ReadOnly"]
    assert site.sections()[f"aws.{DEVELOPMENT}.Admin"]["region"] == "us-east-1"
    assert site.run("--diff").stdout == ""
    assert len(site.listed()) == 3, "a list shows all"

    site.run("--write", "--account", "*")

    assert list(site.profiles())[-1] == f"aws.{PRODUCTION}.ReadOnly"
    assert "account =" not in site.home.config.read_text()


def test_a_renamed_account_is_one_change(written: Site) -> None:
    """Headers and what follows from them change where they stand."""
    written.rename_account(PRODUCTION, "live")
    lines = written.run("--diff").stdout.splitlines()

    assert [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))] == [
        "-[profile.production-ReadOnly]",
        "+[profile.live-ReadOnly]",
        '-account_name = "production"',
        '+account_name = "live"',
        "-[profile production-ReadOnly]",
        f"-credential_process = {COMMAND} get production-ReadOnly",
        "+[profile live-ReadOnly]",
        f"+credential_process = {COMMAND} get live-ReadOnly",
    ]
    assert "production-ReadOnly is now called live-ReadOnly\n" in written.run("--write", "--prune").stdout
    assert written.home.get("live-ReadOnly")["AccountId"] == PRODUCTION
    assert written.run("--diff").stdout == ""


def test_what_names_a_renamed_profile_follows(written: Site) -> None:
    """An identity that exchanges its token, and an AWS profile that takes its keys from it."""
    written.edit(
        written.home.config,
        "[defaults]",
        '[identity.next]\nsource = "profile"\nprofile = "production-ReadOnly"\n\n[defaults]',
    )
    written.edit(
        written.aws, "# of a", "[profile chained]\nrole_arn = r\nsource_profile = production-ReadOnly # x\n\n# of a"
    )
    written.edit(written.aws, " # x", "")
    written.rename_account(PRODUCTION, "live")
    written.run("--write")

    assert 'profile = "live-ReadOnly"' in written.home.config.read_text()
    assert written.sections()["chained"]["source_profile"] == "live-ReadOnly"


def test_two_accounts_may_change_names(written: Site) -> None:
    written.rename_account(DEVELOPMENT, "production")
    written.rename_account(PRODUCTION, "development")
    written.run("--write")

    assert written.profiles()["development-ReadOnly"]["account_id"] == PRODUCTION
    assert written.profiles()["production-ReadOnly"]["account_id"] == DEVELOPMENT
    assert written.home.get("production-Admin")["AccountId"] == DEVELOPMENT
    assert written.run("--diff").stdout == ""


def test_another_template_renames_what_the_last_one_named(written: Site) -> None:
    written.run("--write", "--template", "{permission_set}.{account_name}")

    assert list(written.profiles()) == ["Admin.development", "ReadOnly.development", "ReadOnly.production"]
    assert [name for name in written.sections() if "-" in name] == []


def test_what_a_hand_changed_stays(written: Site) -> None:
    """A name, a region, further keys and comments, in both files; also when the account is renamed."""
    written.edit(written.home.config, "[profile.production-ReadOnly]", '[profile.prod] # mine\nrenew = "on-demand"')
    written.edit(written.aws, "[profile production-ReadOnly]", "[profile prod]")
    written.edit(
        written.aws, "get production-ReadOnly\nregion = eu-west-1", "get prod\nregion = us-west-2\noutput = yaml"
    )
    before = written.files()
    written.run("--write", "--region", "eu-central-1")
    written.rename_account(PRODUCTION, "live")
    written.run("--write")

    assert written.profiles()["prod"]["renew"] == "on-demand"
    assert "[profile.prod] # mine" in written.home.config.read_text()
    assert written.sections()["prod"]["region"] == "us-west-2"
    assert written.sections()["prod"]["output"] == "yaml"
    assert written.sections()["development-Admin"]["region"] == "eu-central-1", "which no hand had changed"
    assert before != written.files()


def test_a_profile_that_is_mine_now_is_left_alone(written: Site) -> None:
    """Without its mark it is neither renamed nor pruned, nor is there a second one beside it."""
    table = '[profile.production-ReadOnly]\naccount_id = "222233334444"\npermission_set = "ReadOnly"\n'
    written.edit(written.home.config, f"{table}generated = true\n", table)
    before = written.files()

    assert written.run("--diff").stdout == ""
    written.take_away("ReadOnly", PRODUCTION)
    written.run("--prune")
    assert written.files() == before


def test_a_line_that_works_stays_and_one_that_does_not_is_mended(written: Site) -> None:
    """An upgrade may have moved the program; a name that PATH finds is as good as a path."""
    written.edit(
        written.aws, f"{COMMAND} get development-Admin", f"{shutil.which('env')} X=1 oidc-helper get development-Admin"
    )
    written.edit(written.aws, f"{COMMAND} get production-ReadOnly", "/gone/oidc-helper get production-ReadOnly")
    written.run("--write")

    assert "X=1" in written.sections()["development-Admin"]["credential_process"]
    assert written.sections()["production-ReadOnly"]["credential_process"] == f"{COMMAND} get production-ReadOnly"


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ("sso_session = corp", "has credentials of another kind: sso_session (line 11)"),
        ("credential_process = /usr/bin/oidc-helper get other", "gets the credentials of other"),
        ("credential_process = aws-sso-helper", "has credentials of another kind: credential_process"),
    ],
)
def test_an_aws_profile_of_somebody_else_is_refused_by_name(site: Site, theirs: str, reason: str) -> None:
    """The rest goes on."""
    site.aws.write_text(site.aws.read_text() + f"[profile production-ReadOnly]\n{theirs}\n")
    section = site.sections()["production-ReadOnly"]
    done = site.run("--write", code=1)

    assert done.stderr.startswith("oidc-helper: warning: profile production-ReadOnly is left as it is: ")
    assert reason in done.stderr
    assert list(site.profiles()) == NAMES[:2]
    assert site.sections()["production-ReadOnly"] == section


def test_a_rename_to_a_name_of_somebody_else_does_not_happen(written: Site) -> None:
    written.aws.write_text(written.aws.read_text() + "\n[profile live-ReadOnly]\nregion = x\n")
    written.rename_account(PRODUCTION, "live")

    assert "an AWS profile of that name" in written.run("--write", code=1).stderr
    assert list(written.profiles()) == NAMES
    assert written.home.get("production-ReadOnly")["AccountId"] == PRODUCTION


def test_prune_removes_what_is_gone_in_both_files(written: Site) -> None:
    """And nothing else."""
    written.take_away("ReadOnly", DEVELOPMENT)
    written.take_away("ReadOnly", PRODUCTION)
    before = written.sections()
    assert "profiles: 2 removed\n" in written.run("--prune").stdout

    assert list(written.profiles()) == ["development-Admin"]
    assert written.sections() == {name: values for name, values in before.items() if name not in NAMES[1:]}


def test_without_prune_nothing_is_removed(written: Site) -> None:
    written.take_away("ReadOnly", PRODUCTION)
    before = written.files()
    written.run("--write")

    assert written.files() == before


def test_prune_spares_accounts_that_cannot_be_listed(written: Site) -> None:
    written.take_away("ReadOnly", DEVELOPMENT)
    written.take_away("ReadOnly", PRODUCTION)
    user = written.emulator.directory.users[0].user_id
    written.emulator.directory.assignments.add(Assignment(user, PRODUCTION, "Admin"))
    written.emulator.fault(
        "ListAccountRoles", error="InvalidRequestException", parameters={"accountId": DEVELOPMENT}, times=None
    )
    written.run("--prune", code=1)

    assert list(written.profiles()) == NAMES[:2]


def test_where_nothing_can_be_listed_nothing_is_pruned(written: Site) -> None:
    """A proxy's page is no empty list either."""
    before = written.files()
    for fault in ({"status": 200, "body": b"<html>"}, {"error": "InvalidRequestException"}):
        written.emulator.clear_faults()
        written.emulator.fault("ListAccountRoles", times=None, **fault)
        assert written.home.run("profiles", "--write", "--prune").returncode in (4, 5)
    assert written.files() == before


def test_prune_spares_what_the_filters_leave_out(written: Site) -> None:
    """Nobody has asked about it."""
    written.take_away("Admin", DEVELOPMENT)
    written.run("--prune", "--account", "production")

    assert list(written.profiles()) == NAMES


def test_prune_spares_what_is_used(written: Site) -> None:
    """An identity that names no profile would be a mistake of the whole file."""
    written.edit(
        written.home.config,
        "[defaults]",
        '[identity.next]\nsource = "profile"\nprofile = "production-ReadOnly"\n\n[defaults]',
    )
    written.take_away("ReadOnly", PRODUCTION)
    done = written.run("--prune", code=1)

    assert "identity next uses it" in done.stderr
    assert list(written.profiles()) == NAMES


def test_prune_spares_an_aws_profile_that_is_no_longer_ours(written: Site) -> None:
    line = f"credential_process = {COMMAND} get production-ReadOnly"
    written.edit(written.aws, line, "sso_session = corp")
    written.take_away("ReadOnly", PRODUCTION)
    written.run("--prune")

    assert list(written.profiles()) == NAMES[:2]
    assert written.sections()["production-ReadOnly"]["sso_session"] == "corp"


def test_roles_of_account_access_manager_get_profiles_too(site: Site) -> None:
    """They work, and are pruned when they are given no longer."""
    site.home.configure(roles_config(site.emulator, defaults='account_access = "aa-0123456789ab"'))
    site.run("--write")
    roles = {name: values for name, values in site.profiles().items() if "role_arn" in values}
    assert roles
    for name, values in roles.items():
        assert site.home.get(name)["AccountId"] == values["role_arn"].split(":")[4]

    site.emulator.directory.tenant.entitlements.clear()
    site.run("--prune")

    assert list(site.profiles()) == NAMES


def test_a_profile_outside_of_defaults_hands_on_what_its_tokens_depend_on(site: Site) -> None:
    directory = site.emulator.directory
    site.home.configure(f"""
[identity.job]
source = "file"
path = "token"

[profile.base]
identity = "job"
application_arn = "{directory.application_arn}"
identity_center_region = "{directory.identity_center_region}"
caller = {{ web_identity_role_arn = "{directory.caller_role_arn}" }}
scopes = ["sso:account:access"]
sign_in = "when-needed"
""")
    site.run("--write")

    assert site.profiles()["development-Admin"].keys() == {
        *("account_id", "permission_set", "generated", "account_name"),
        *("identity", "application_arn", "identity_center_region", "caller", "scopes"),
    }
    assert site.run("--diff").stdout == ""
    assert site.home.get("development-Admin")["AccountId"] == DEVELOPMENT


def test_a_file_that_cannot_be_written_leaves_the_other_one(site: Site) -> None:
    before = site.files()
    site.aws.chmod(0o400)
    trouble = complaint(site.run("--write", code=2))

    assert "is read-only" in trouble.message
    assert site.files() == before


def test_an_aws_configuration_that_nobody_can_read_is_an_error(site: Site) -> None:
    site.aws.write_text("[profile a\n")
    before = site.files()

    assert "line 1" in complaint(site.run("--write", code=2)).message
    assert site.files() == before


def test_the_mark_has_no_place_in_defaults(site: Site) -> None:
    """It would hand every profile over to be pruned."""
    site.home.configure(roles_config(site.emulator, defaults="generated = true"))

    assert "defaults.generated (line 11): belongs to a single profile" in complaint(site.run(code=2)).message


def test_what_a_company_ships_is_beneath_and_stays(site: Site) -> None:
    """Its people's profiles go into their own file, which need not be there before."""
    company = site.home.path / "company.toml"
    shipped = (
        '[profile.production-ReadOnly]\naccount_id = "222233334444"\npermission_set = "ReadOnly"\ngenerated = true\n'
    )
    company.write_text(roles_config(site.emulator).replace('"token"', f'"{site.home.path}/token"') + shipped)
    site.home.config.unlink()
    site.home.environment |= {"OIDC_HELPER_SITE_CONFIG": str(company)}
    del site.home.environment["OIDC_HELPER_CONFIG"]
    own = site.home.path / ".config" / "oidc-helper" / "config.toml"
    site.run("--write")

    assert "[profile.development-Admin]" in own.read_text()
    assert "production-ReadOnly" not in own.read_text(), "there is one already"
    assert site.home.get("development-ReadOnly")["AccountId"] == DEVELOPMENT

    site.take_away("ReadOnly", PRODUCTION)
    site.run("--prune")
    assert company.read_text().endswith(shipped)


def test_a_file_with_a_mistake_is_listed_and_not_changed(written: Site) -> None:
    """What its author meant is not known; `get` of the others goes on."""
    written.edit(
        written.home.config,
        '[profile.production-ReadOnly]\naccount_id = "222233334444"',
        "[profile.production-ReadOnly]\naccount_id = 2",
    )
    before = written.files()

    assert "must be in quotes" in complaint(written.run("--write", code=2)).message
    assert written.files() == before
    assert len(written.listed()) == 3
    assert written.home.get("development-Admin")["AccountId"] == DEVELOPMENT


def test_a_mistake_in_what_is_remembered_stops_no_credentials(written: Site) -> None:
    written.edit(written.home.config, 'template = "{account_name}-{permission_set}"', 'template = "{name}"')

    assert "generated.job.template" in complaint(written.run("--write", code=2)).message
    assert written.home.get("development-Admin")["AccountId"] == DEVELOPMENT
