"""Whatever one thing is wrong at AWS, the administrator's doctor names just that, and the printed command mends it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from doctor.administered import Administered
from homes import Home

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import (
    JWT_BEARER,
    AccessGrants,
    Authorization,
    Directory,
    S3Grant,
    TrustedTokenIssuer,
)

Act = Callable[[Administered], object]
ACCOUNT = "123456789012"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"
SERVICE = "sso-admin"


class Row(NamedTuple):
    """What is broken, the check that fails, words of what it found and of its remedy, for which profile.

    Without `mend`, the printed command is run. `steps` is how many commands it takes, one by one.
    """

    id: str
    wrong: Act
    found: str
    remedy: str
    profile: str = "analytics"
    mend: Act | None = None
    steps: int = 1


def takes(change: Callable[[Directory], object]) -> Act:
    """Change the emulator's directory."""
    return lambda home: change(home.emulator.directory)


def sets(part: str, **values: Any) -> Act:
    """Set attributes of a part of the directory, whose name may be a path."""

    def change(directory: Directory) -> None:
        found: Any = directory
        for name in filter(None, part.split(".")):
            found = getattr(found, name)
        for name, value in values.items():
            setattr(found, name, value)

    return takes(change)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}


def actors(*statements: dict[str, Any]) -> Act:
    each = [{"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*", **one} for one in statements]
    return sets("application", actor_policy=policy(*each))


def session_trust(**statement: Any) -> Act:
    def change(directory: Directory) -> None:
        actions = ["sts:AssumeRole", "sts:SetContext"]
        named = {"Principal": {"AWS": directory.caller_role_arn}, "Action": actions, **statement}
        directory.analytics_role.trust_policy = policy(named)

    return takes(change)


def caller_trust(change: Callable[[dict[str, Any]], object]) -> Act:
    """Change the only statement of the caller's role."""
    return takes(lambda directory: change((directory.caller_role.trust_policy or {})["Statement"][0]))


def condition(key: str, value: str) -> Callable[[dict[str, Any]], object]:
    """A test of a claim."""

    def change(statement: dict[str, Any]) -> None:
        (test,) = statement["Condition"].values()
        (of_audience,) = test
        host = of_audience.removesuffix(":aud")
        test[f"{host}:{key}"] = value

    return change


def denied(directory: Directory) -> None:
    document = directory.application.actor_policy or {}
    everybody = {"Principal": "*", "Action": "sso-oauth:*", "Resource": "*"}
    document["Statement"].append({"Effect": "Deny", **everybody})


def another_issuer(directory: Directory) -> None:
    """The grant trusts another one, and ours is there."""
    other = TrustedTokenIssuer("https://idp.example.com", directory.application.issuer.arn[:-4] + "ffff", name="other")
    directory.token_issuers.append(other)
    directory.application.authorizations = [Authorization(other, {"oidc-helper-cli"})]


def only_another_issuer(directory: Directory) -> None:
    """Ours is not there."""
    another_issuer(directory)
    del directory.token_issuers[0]


def without_alice(directory: Directory) -> None:
    directory.application.assignment_required = False
    del directory.users[0]


def only_the_second_from_everywhere(directory: Directory) -> None:
    directory.vpc_endpoint_required = True
    directory.instance.vpc_exempt_applications.add(directory.second_application_arn)


def without_jwt_bearer(directory: Directory) -> None:
    directory.application.grants.discard(JWT_BEARER)
    directory.application.authorizations.clear()


def another_audience(directory: Directory) -> None:
    directory.application.authorizations[0].audiences = {"other"}


def without_admin(directory: Directory) -> None:
    directory.permission_sets.pop("Admin")
    directory.assignments.clear()


def disabled(home: Administered) -> None:
    _let_alice(home.emulator.directory, enabled=False)


def enabled(home: Administered) -> None:
    _let_alice(home.emulator.directory, enabled=True)


def _let_alice(directory: Directory, *, enabled: bool) -> None:
    directory.users[0] = replace(directory.users[0], enabled=enabled)


def assigned_by_group(directory: Directory) -> None:
    """Alice is not in the group that has the assignment."""
    directory.application.assigned = {directory.groups[0].group_id}
    directory.groups[0].members.clear()


def two_regions(home: Administered) -> None:
    """The key is in one of them."""
    home.settings('identity_center_region = "eu-west-1"', 'identity_center_region = ["eu-west-1", "eu-central-1"]')
    home.emulator.directory.identity_center_regions = ["eu-west-1", "eu-central-1"]
    home.emulator.directory.instance.kms_key_arn = KEY


def one_region(home: Administered) -> None:
    home.settings('identity_center_region = ["eu-west-1", "eu-central-1"]', 'identity_center_region = "eu-west-1"')


def wrong_region(home: Administered) -> None:
    home.settings('identity_center_region = "eu-west-1"', 'identity_center_region = "us-east-1"')


def right_region(home: Administered) -> None:
    home.settings('identity_center_region = "us-east-1"', 'identity_center_region = "eu-west-1"')


def of_another_account(home: Administered) -> None:
    """The actor policy admits the caller, and nothing else does."""
    application = home.emulator.directory.application
    other = application.arn.replace(ACCOUNT, "444455556666")
    home.settings(application.arn, other)
    application.arn = other


def another_tenant(home: Administered) -> None:
    home.settings("aa-0123456789ab", "aa-ffffffffffff")


def the_tenant(home: Administered) -> None:
    home.settings("aa-ffffffffffff", "aa-0123456789ab")


def grants(*given: S3Grant) -> Act:
    return takes(lambda directory: directory.s3_grants.__setitem__(slice(None), given))


ALICE = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a01"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/12345678-90ab-cdef-1234-567890abcdef"
TABLE: dict[str, Row] = {
    # who reads, and the instance
    "no keys of an administrator": Row(
        "administrator",
        Administered.without_keys,
        "the administrator has no AWS credentials",
        "oidc-helper doctor --admin analytics --admin-profile AWSPROFILE",
        mend=lambda home: home.home.environment.update(home.keys),
    ),
    "an instance in the making": Row(
        "instance",
        sets("instance", status="CREATE_IN_PROGRESS"),
        "is CREATE_IN_PROGRESS",
        "aws sso-admin describe-instance",
        mend=sets("instance", status="ACTIVE"),
    ),
    "another region": Row(
        "regions",
        wrong_region,
        "the instance is in eu-west-1, and not in us-east-1",
        'identity_center_region = "eu-west-1"',
        mend=right_region,
    ),
    "a VPC endpoint is demanded": Row(
        "network", sets("", vpc_endpoint_required=True), "from VPC endpoints only", "update-instance"
    ),
    "a VPC endpoint is demanded but by another application": Row(
        "network",
        takes(only_the_second_from_everywhere),
        "from VPC endpoints only",
        "apl-fedcba0987654321",
    ),
    "a key of one region": Row("key", two_regions, "in one region only", "identity_center_region", mend=one_region),
    # the application
    "the application is disabled": Row(
        "application", sets("application", enabled=False), "is disabled", "--status ENABLED"
    ),
    "nobody may exchange": Row(
        "actor-policy",
        sets("application", actor_policy=None, actors=set()),
        "there is no policy",
        "put-application-authentication-method",
    ),
    "another role may exchange": Row(
        "actor-policy", actors({"Principal": {"AWS": OTHER_ROLE}}), "does not admit", OTHER_ROLE
    ),
    "another account may exchange": Row(
        "actor-policy", actors({"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}), "does not admit", "tip-caller"
    ),
    "the caller may do something else": Row(
        "actor-policy",
        actors({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/tip-caller"}, "Action": "sso-oauth:Other"}),
        "does not admit",
        "sso-oauth:CreateTokenWithIAM",
    ),
    "the caller may under a condition that it does not meet": Row(
        "actor-policy",
        actors({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/other-*"}}}),
        "does not admit",
        "tip-caller",
    ),
    "the caller is denied": Row("actor-policy", takes(denied), "the policy denies", "tip-caller"),
    "no jwt-bearer": Row(
        "grant",
        takes(without_jwt_bearer),
        "no grant jwt-bearer",
        "put-application-grant",
    ),
    "no refresh token": Row(
        "refresh-token",
        takes(lambda directory: directory.application.grants.discard("refresh_token")),
        "no grant refresh_token",
        "RefreshToken",
    ),
    # whose tokens
    "a slash at the end of the issuer": Row(
        "issuer",
        takes(lambda directory: setattr(directory.application.issuer, "issuer_url", _slashed(directory))),
        "the slash at the end matters",
        "create-trusted-token-issuer",
    ),
    "another issuer": Row("issuer", takes(another_issuer), "https://idp.example.com", "put-application-grant"),
    "an issuer that is not there": Row("issuer", takes(only_another_issuer), "trusts https://idp", "issuer=$("),
    "another audience": Row(
        "audience",
        takes(another_audience),
        "the grant takes other",
        '"AuthorizedAudiences":["other","oidc-helper-cli"]',
    ),
    "a claim that the token lacks": Row(
        "claim", sets("application.issuer", claim="upn"), "has no upn", "update-trusted-token-issuer"
    ),
    "an attribute that nobody has": Row(
        "user", sets("application.issuer", attribute="user_name"), "userName", "emails.value"
    ),
    "a claim with something else": Row(
        "user", sets("application.issuer", claim="name"), "'Alice Example'", '"ClaimAttributePath":"email"'
    ),
    "no user": Row("user", takes(without_alice), "no user", "aws identitystore create-user"),
    "a disabled user": Row("user", disabled, "is disabled", "enable the user", mend=enabled),
    "not assigned": Row(
        "assignment",
        takes(lambda directory: directory.application.assigned.clear()),
        "has none",
        "create-application-assignment",
    ),
    "a group is assigned, without the person": Row(
        "assignment", takes(assigned_by_group), "the groups that have one: analysts", ALICE
    ),
    "no scope for permission sets": Row(
        "scopes",
        takes(lambda directory: directory.application.scopes.pop("sso:account:access")),
        "lacks sso:account:access",
        "put-application-access-scope",
        "dev-admin",
    ),
    "no scopes for account access": Row(
        "scopes",
        takes(lambda directory: directory.application.scopes.clear()),
        "account_access:read_only and account_access:assume",
        "account_access:assume",
        "builder",
    ),
    "no scope for access grants": Row(
        "scopes",
        takes(lambda directory: directory.application.scopes.pop("s3:access_grants:read_write")),
        "s3:access_grants:read_write",
        "put-application-access-scope",
        "reports",
    ),
    "no scope of the settings": Row(
        "scopes",
        takes(lambda directory: directory.application.scopes.pop("own:read")),
        "own:read",
        "--scope own:read",
        "scoped",
    ),
    # the caller's role
    "IAM does not know the provider": Row(
        "oidc-provider",
        takes(lambda directory: directory.oidc_providers.clear()),
        "no OIDC provider",
        "create-open-id-connect-provider",
    ),
    "IAM does not know the client": Row(
        "client-ids",
        takes(lambda directory: next(iter(directory.oidc_providers.values())).discard("oidc-helper-cli")),
        "is not among them: oidc-helper-web",
        "add-client-id-to-open-id-connect-provider",
    ),
    "no role of the caller": Row(
        "caller-role", takes(lambda directory: directory.example_roles.pop(0)), "no role", "aws iam create-role"
    ),
    "the caller's role trusts another audience": Row(
        "caller-role", caller_trust(condition("aud", "other")), "does not admit", "update-assume-role-policy"
    ),
    "the caller's role trusts another person": Row(
        "caller-role", caller_trust(condition("sub", "00u-bob")), "does not admit", "update-assume-role-policy"
    ),
    "the caller's role trusts another provider": Row(
        "caller-role",
        caller_trust(lambda statement: statement["Principal"].update(Federated="accounts.google.com")),
        "does not admit",
        "accounts.google.com",
    ),
    "the caller's role denies": Row(
        "caller-role", caller_trust(lambda statement: statement.update(Effect="Deny")), "denies it", "Allow"
    ),
    "an application of another account": Row(
        "caller-policy",
        of_another_account,
        "no policy of arn:aws:iam::123456789012:role/tip-caller allows sso-oauth:CreateTokenWithIAM",
        "aws iam put-role-policy",
    ),
    # the session's role
    "no role of the session": Row(
        "session-role", takes(lambda directory: directory.example_roles.pop(1)), "there is no role", "create-role"
    ),
    "the session's role takes no context": Row(
        "session-role", session_trust(Action="sts:AssumeRole"), "does not allow sts:SetContext to", "sts:SetContext"
    ),
    "the session's role trusts another": Row(
        "session-role",
        session_trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/tip-caller"}),
        "sts:AssumeRole and sts:SetContext",
        "role/tip-caller",
    ),
    "the session's role takes contexts of another provider": Row(
        "session-role",
        session_trust(
            Condition={
                "ForAllValues:ArnEquals": {
                    "sts:RequestContextProviders": ["arn:aws:iam::aws:contextProvider/QuickSight"]
                }
            }
        ),
        "sts:SetContext",
        "update-assume-role-policy",
    ),
    "the session's role is for an hour": Row(
        "role-duration",
        sets("analytics_role", longest_session_s=3600),
        "3600 s, and the profile asks for 7200 s",
        "--max-session-duration 7200",
        "long",
    ),
    # what it is for
    "no permission sets": Row(
        "permission-set",
        sets("instance", permission_sets_enabled=False),
        "not enabled",
        "--permission-sets-enabled",
        "dev-admin",
    ),
    "no such permission set": Row(
        "permission-set",
        takes(without_admin),
        "no permission set Admin, but ReadOnly",
        "create-permission-set",
        "dev-admin",
        steps=2,
    ),
    "a permission set of others": Row(
        "permission-set",
        takes(lambda directory: directory.assignments.clear()),
        "has no Admin in account 111122223333",
        "create-account-assignment",
        "dev-admin",
    ),
    "another tenant": Row(
        "account-access",
        another_tenant,
        "there is aa-0123456789ab",
        'account_access = "aa-0123456789ab"',
        "builder",
        mend=the_tenant,
    ),
    "no entitlement": Row(
        "account-access",
        takes(lambda directory: directory.tenant.entitlements.clear()),
        "does not give",
        "create-entitlement",
        "builder",
    ),
    "no access grants": Row(
        "access-grants",
        sets("", access_grants=None),
        "has no S3 Access Grants",
        "create-access-grants-instance",
        "reports",
    ),
    "access grants without Identity Center": Row(
        "access-grants",
        takes(lambda directory: setattr(_access_grants(directory), "identity_center_arn", "")),
        "know no users",
        "associate-access-grants-identity-center",
        "reports",
    ),
    "no grant": Row("access-grant", grants(), "no grant covers READ", "create-access-grant", "reports"),
    "a grant to write": Row(
        "access-grant",
        grants(S3Grant(ALICE, "s3://reports/*", "WRITE")),
        "there is WRITE",
        "--permission READ",
        "reports",
    ),
    "a grant of another prefix": Row(
        "access-grant",
        grants(S3Grant(ALICE, "s3://reports/2025/*", "READ")),
        "no grant covers READ of s3://reports/2026/*",
        '{"S3SubPrefix":"reports/2026/*"}',
        "reports",
    ),
}


def _slashed(directory: Directory) -> str:
    return f"{directory.identity_provider.issuer}/"


def _access_grants(directory: Directory) -> AccessGrants:
    assert directory.access_grants
    return directory.access_grants


@pytest.fixture
def administered(home: Home, emulator: Emulator) -> Administered:
    return Administered(home, emulator)


@pytest.mark.parametrize("case", TABLE)
def test_what_is_wrong_at_aws_is_named_and_mended(
    case: str, administered: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that; and then all is well."""
    row = TABLE[case]
    row.wrong(administered)
    report = administered.report(row.profile)
    broken = report[row.id]

    assert [one for one, check in report.items() if check["status"] == "failed"] == [row.id]
    assert row.found in broken["found"]
    assert row.remedy in broken["remedy"]

    if row.mend:
        row.mend(administered)
    for _ in range(0 if row.mend else row.steps):
        administered.obey(administered.report(row.profile)[row.id]["remedy"], monkeypatch)

    assert administered.failed(row.profile) == []


@pytest.mark.parametrize("profile", ["analytics", "dev-admin", "builder", "reports", "scoped", "long"])
def test_all_is_well_with_every_kind_of_profile(profile: str, administered: Administered) -> None:
    """Before anything is broken, and nothing is passed over."""
    report = administered.report(profile)

    assert {check["status"] for one, check in report.items()} == {"ok"}


@pytest.mark.parametrize("profile", ["analytics", "dev-admin", "builder", "reports"])
def test_the_printed_policy_is_enough_and_has_nothing_to_spare(profile: str, administered: Administered) -> None:
    """With all of it no check is passed over; without any one action, one is, or a remedy is poorer."""
    printed = administered.home.run("doctor", "--admin", "--policy", profile)
    policy = json.loads(printed.stdout)
    administrator = administered.emulator.directory.administrator
    administrator.policy = policy
    report = administered.report(profile)
    asked = {_action(request.service, request.operation) for request in administered.emulator.requests}

    assert {check["status"] for check in report.values()} == {"ok"}
    assert asked - {"sts:GetCallerIdentity"} <= set(_actions(policy))
    assert set(_actions(policy)) - asked <= ONLY_FOR_REMEDIES

    for action in sorted(asked - {"sts:GetCallerIdentity"}):
        administrator.policy = {"Statement": [*policy["Statement"], {"Effect": "Deny", "Action": action}]}
        report = administered.report(profile)

        assert {check["status"] for check in report.values()} == {"ok", "skipped"}, action
        assert any(check["found"].endswith(f"may not do {action}") for check in report.values())


# What is read only where something is broken, or given by a group.
ONLY_FOR_REMEDIES = {
    *("sso:ListInstances", "sso:ListTrustedTokenIssuers", "sso:ListApplicationAssignments"),
    *("identitystore:DescribeGroup", "identitystore:ListGroupMembershipsForMember", "s3:ListAccessGrantsLocations"),
}
_PREFIXES = {"sso-admin": "sso", "s3control": "s3"}


def _action(service: str, operation: str) -> str:
    return f"{_PREFIXES.get(service, service)}:{operation}"


def _actions(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def _commands() -> dict[str, str]:
    """A row for each check and what its remedy says, which names the command."""
    found: dict[str, str] = {}
    for case, row in TABLE.items():
        if not row.mend:
            found.setdefault(row.id, case)
    return found


@pytest.mark.parametrize("case", _commands().values())
def test_a_shell_runs_the_command_as_it_is_printed(case: str, administered: Administered) -> None:
    """With the AWS CLI as a program of its own, at least one for each check."""
    row = TABLE[case]
    row.wrong(administered)
    for _ in range(row.steps):
        remedy = administered.report(row.profile)[row.id]["remedy"]
        administered.obey_in_shell(remedy)

    assert administered.failed(row.profile) == []
