"""What a person may use, listed: both kinds, filtered, and as much of it as can be had."""

import json
import shlex

from cli.transcript import complaint
from homes import Home, file_config
from profiles.conftest import Site, roles_config

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.organization import enlarge

DEVELOPMENT, PRODUCTION = "111122223333", "222233334444"
TENANT = 'account_access = "aa-0123456789ab"'


def names(listed: list[dict[str, str]]) -> list[str]:
    return [one["profile"] for one in listed]


def test_json_has_every_permission_set_with_its_account(site: Site) -> None:
    """And the name of the profile that it would get."""
    first, *others = site.listed()

    assert first == {
        "kind": "permission-set",
        "account_id": DEVELOPMENT,
        "account_name": "development",
        "email": "development@example.com",
        "permission_set": "Admin",
        "profile": "development-Admin",
    }
    assert names(others) == ["development-ReadOnly", "production-ReadOnly"]


def test_roles_of_account_access_manager_are_listed_where_a_tenant_is_set(site: Site) -> None:
    site.home.configure(roles_config(site.emulator, defaults=TENANT))
    roles = [one for one in site.listed() if one["kind"] == "account-access"]

    assert roles
    assert all(one["role_arn"].split(":")[4] == one["account_id"] for one in roles)
    assert not any("permission_set" in one for one in roles)
    assert site.emulator.count("ListRoles") == 1


def test_nobody_asks_account_access_manager_without_a_tenant(site: Site) -> None:
    site.listed()

    assert site.emulator.count("ListRoles") == 0


def test_filters_take_names_and_ids_with_wildcards(site: Site) -> None:
    """Accounts that are left out are not asked about."""
    assert names(site.listed("--account", "DEV*", "--permission-set", "read*")) == ["development-ReadOnly"]
    assert site.emulator.count("ListAccountRoles") == 1
    assert names(site.listed("--account", PRODUCTION, "--account", "sand*")) == ["production-ReadOnly"]
    assert site.listed("--account", "nothing") == []


def test_the_table_tells_which_profiles_are_there(site: Site) -> None:
    """A name in brackets is that of none yet, and a last line says how to make it."""
    table = site.run().stdout.splitlines()

    assert table[1].split() == [
        "(development-Admin)",
        "Admin",
        "set",
        DEVELOPMENT,
        "development",
        "development@example.com",
    ]
    assert table[-1] == "3 of 3 have no profile yet; to make them: oidc-helper profiles --write"

    site.run("--write")

    assert site.run().stdout.splitlines()[1].startswith("development-Admin ")


def test_one_account_that_answers_an_error_does_not_lose_the_rest(site: Site) -> None:
    """It is named at the end."""
    site.emulator.fault(
        "ListAccountRoles", error="InvalidRequestException", parameters={"accountId": DEVELOPMENT}, times=None
    )
    done = site.run("--json", code=1)

    assert names(json.loads(done.stdout)) == ["production-ReadOnly"]
    assert done.stderr == (
        f"oidc-helper: warning: {DEVELOPMENT} could not be listed: "
        "ListAccountRoles was refused: InvalidRequestException\n"
    )


def test_a_throttled_listing_is_whole(site: Site) -> None:
    site.emulator.fault("ListAccounts", status=429, error="TooManyRequestsException")

    assert len(site.listed()) == 3


def test_an_access_token_that_was_ended_elsewhere_is_replaced(site: Site) -> None:
    """Also in the middle of the listing."""
    site.listed()
    site.emulator.fault("ListAccounts", error="UnauthorizedException")
    site.emulator.fault("ListAccountRoles", error="UnauthorizedException", parameters={"accountId": DEVELOPMENT})

    assert len(site.listed()) == 3
    assert site.emulator.count("CreateTokenWithIAM", grantType="refresh_token") == 2


def test_account_access_manager_gets_another_token_too(site: Site) -> None:
    """Where the portal was content with the one that was ended, or is not used at all."""
    site.home.configure(roles_config(site.emulator, defaults=TENANT))
    site.listed()
    site.emulator.fault("ListRoles", error="UnauthorizedException")

    assert any(one["kind"] == "account-access" for one in site.listed())
    assert site.emulator.count("CreateTokenWithIAM", grantType="refresh_token") == 1


def test_nothing_at_all_is_the_failure_of_the_portal(site: Site) -> None:
    site.emulator.fault("ListAccounts", error="InvalidRequestException", times=None)

    assert complaint(site.run(code=5)).message == "ListAccounts was refused: InvalidRequestException"


def test_who_has_not_signed_in_is_told_to(site: Site) -> None:
    (site.home.path / "token").unlink()

    assert complaint(site.run(code=3)).code == 3


def test_two_applications_need_a_name(home: Home, emulator: Emulator, site: Site) -> None:
    """With it, the list is that of its person."""
    other = f'[profile.other]\napplication_arn = "{emulator.directory.second_application_arn}"'
    home.configure(file_config(emulator, profiles=other))
    trouble = complaint(site.run(code=2))

    assert trouble.message == "profiles needs the name of a profile"
    assert trouble.hint == "oidc-helper profiles PROFILE, one of: analytics, other"
    assert len(site.listed("dev-admin")) == 3


def test_the_hint_for_a_name_repeats_the_words(home: Home, emulator: Emulator, site: Site) -> None:
    """And the line below the list is the command that works, with the name and the filters that were typed."""
    other = f'[profile.other]\napplication_arn = "{emulator.directory.second_application_arn}"'
    home.configure(file_config(emulator, profiles=other))
    words = ("--write", "--account", "dev*")
    asked = complaint(site.run(*words, code=2)).hint
    last = site.run("--account", "dev*", "analytics").stdout.splitlines()[-1]

    assert asked == "oidc-helper profiles --write --account 'dev*' PROFILE, one of: analytics, other"
    assert last.endswith("to make them: oidc-helper profiles --account 'dev*' --write analytics")
    assert site.run(*shlex.split(last.partition("oidc-helper profiles ")[2])).stdout.startswith("profiles: 1 made\n")


def test_a_profile_of_a_hand_is_the_profile_of_what_it_opens(home: Home, emulator: Emulator, site: Site) -> None:
    """The list has its name, whatever the template is, and --write neither changes it nor makes another."""
    home.configure(file_config(emulator))
    by_hand = home.config.read_text()

    assert names(site.listed()) == ["dev-admin", "development-ReadOnly", "production-ReadOnly"]
    table = site.run().stdout.splitlines()
    assert table[1].startswith("dev-admin ")
    assert table[-1].startswith("2 of 3 have no profile yet;")

    site.run("--write")

    assert list(site.profiles()) == ["development-ReadOnly", "production-ReadOnly"]
    assert home.config.read_text().startswith(by_hand.rstrip())
    assert "profile" not in site.run().stdout.splitlines()[-1]


def test_defaults_are_enough(home: Home, emulator: Emulator, site: Site) -> None:
    """A company ships an identity and defaults; its people sign in and make all profiles by two commands."""
    home.configure(file_config(emulator).partition("[profile.")[0])

    assert home.run("login").returncode == 0
    assert site.run("--write").stdout.startswith("profiles: 3 made\n")
    assert home.get("production-ReadOnly")["AccountId"] == PRODUCTION


def test_a_wrong_template_is_refused_before_anybody_is_asked(site: Site) -> None:
    for template in ("{account}", "a:{account_id}", "all"):
        assert "--template" in complaint(site.run("--write", "--template", template, code=2)).message

    assert complaint(site.run("--region", "moon", code=2)).message.startswith("--region 'moon'")
    assert site.emulator.requests == []


def test_the_emulator_can_have_many_accounts(emulator: Emulator) -> None:
    enlarge(emulator.directory, 5, 6)

    assert len(emulator.directory.accounts) == 8
    assert len({each.permission_set for each in emulator.directory.assignments}) == 6


def test_an_accounts_name_steers_no_terminal(site: Site) -> None:
    """It is escaped, and the profile has a plain name."""
    site.rename_account(DEVELOPMENT, "dev\x1b[2J:x")
    table = site.run().stdout

    assert "\x1b" not in table
    assert "(dev-2J-x-Admin)" in table
