"""Names of generated profiles: after the template, of plain characters, unique, and stable."""

import pytest

from oidc_helper.aws.portal_listing import Access, Account
from oidc_helper.profiles.naming import name_all
from oidc_helper.settings import checks

TEMPLATE = "{account_name}-{permission_set}"
ID = "111122223333"


def access(name: str = "dev", permission_set: str = "Admin", account_id: str = ID, role_arn: str = "") -> Access:
    account = Account(account_id, name, "")
    if role_arn:
        return Access("account-access", account, role_arn=role_arn, account_access="aa-1")
    return Access("permission-set", account, permission_set)


def name(one: Access, template: str = TEMPLATE) -> str:
    return name_all([one], template, {}, ())[one.key]


@pytest.mark.parametrize(
    ("account", "permission_set", "expected"),
    [
        ("dev", "Admin", "dev-Admin"),
        ("Data & Analytics (EU)", "Read_Only", "Data-Analytics-EU-Read_Only"),
        ("prod:main", "a+b=c@d", "prod-main-a-b-c-d"),
        ("Zürich", "Admin", "Zurich-Admin"),
        ("本番", "Admin", f"{ID}-Admin"),
        ("", "Admin", f"{ID}-Admin"),
        ("--.x", "Admin", "x-Admin"),
    ],
)
def test_a_name_has_only_characters_that_no_shell_minds(account: str, permission_set: str, expected: str) -> None:
    """A colon breaks the completion of bash, a space the AWS CLI's own."""
    assert name(access(account, permission_set)) == expected


def test_a_role_goes_by_its_name_without_its_path() -> None:
    assert name(access(role_arn=f"arn:aws:iam::{ID}:role/team/builder")) == "dev-builder"


def test_a_template_may_name_the_account_by_its_id() -> None:
    assert name(access(), "aws.{account_id}_{permission_set}") == f"aws.{ID}_Admin"


def test_of_two_that_are_called_alike_each_gets_its_accounts_id() -> None:
    """So it does not matter which is listed first."""
    one, other = access(account_id="111111111111"), access(account_id="222222222222")

    assert set(name_all([one, other], TEMPLATE, {}, ()).values()) == {
        "dev-Admin-111111111111",
        "dev-Admin-222222222222",
    }


def test_one_that_has_its_name_keeps_it_when_another_comes() -> None:
    """People have it in their scripts."""
    one, other = access(account_id="111111111111"), access(account_id="222222222222")

    named = name_all([one, other], TEMPLATE, {one.key: "dev-Admin"}, ())
    assert named == {one.key: "dev-Admin", other.key: "dev-Admin-222222222222"}


def test_a_profile_made_by_hand_is_not_replaced() -> None:
    assert name_all([access()], TEMPLATE, {}, ("dev-Admin",)) == {access().key: f"dev-Admin-{ID}"}


def test_a_permission_set_and_a_role_of_one_name_in_one_account_get_two_names() -> None:
    both = [
        access(),
        access(role_arn=f"arn:aws:iam::{ID}:role/Admin"),
        access(role_arn=f"arn:aws:iam::{ID}:role/x/Admin"),
    ]

    assert len(set(name_all(both, TEMPLATE, {}, ()).values())) == 3


@pytest.mark.parametrize("template", [TEMPLATE, "{permission_set}", "default", "x" * 80 + "{account_id}"])
def test_every_name_may_name_a_profile(template: str) -> None:
    """64 characters at most, although an account's name may have 50 and a permission set's 32."""
    many = [access("n" * 50, "P" * 32, f"{number:012}") for number in range(3)]

    names = set(name_all(many, template, {}, ()).values())
    assert len(names) == 3
    assert all(checks.name(one) == one for one in names)


def test_no_profile_is_called_default() -> None:
    """Every program that names no profile would take it."""
    assert name(access("default"), "{account_name}") == f"default-{ID}"
