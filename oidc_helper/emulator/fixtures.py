"""The directories that the emulator starts with: example people, with or without applications, roles and grants."""

from dataclasses import replace

from oidc_helper.emulator.directory import (
    JWT_BEARER,
    TOKEN_EXCHANGE,
    AccessGrants,
    Account,
    Application,
    Assignment,
    Authorization,
    Client,
    Directory,
    DirectoryUser,
    Group,
    IamUser,
    IdentityProvider,
    Instance,
    PermissionSet,
    Person,
    Role,
    S3Grant,
    Tenant,
    TrustedTokenIssuer,
)
from oidc_helper.emulator.keys import aws_secret, opaque, upper
from oidc_helper.settings.limits import limits

ACCOUNT = "123456789012"  # the account of Identity Center, the caller and the roles
INSTANCE = "ssoins-1234567890abcdef"
REGION = "eu-west-1"
PUBLIC_CLIENT = "oidc-helper-cli"
CONFIDENTIAL_CLIENT = "oidc-helper-web"

ORGANIZATION = "o-a1b2c3d4e5"

_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_AAM_ARN = f"arn:aws:account-access:{REGION}:{ACCOUNT}:application/aa-0123456789ab"
_AAM_APPLICATION = f"arn:aws:sso::{ACCOUNT}:application/{INSTANCE}/apl-00aa11bb22cc33dd"
_ALICE = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a01"
_BOB = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a02"


def empty_directory(issuer: str) -> Directory:
    """An organization with people, groups and accounts, in which an administrator has set up nothing yet."""
    return Directory(
        identity_provider=_identity_provider(issuer),
        instance=Instance(INSTANCE, ACCOUNT, ORGANIZATION),
        users=[
            DirectoryUser(_ALICE, "alice", "alice@example.com", "00u-alice"),
            DirectoryUser(_BOB, "bob", "bob@example.com", "00u-bob"),
            DirectoryUser("93a4c812-0051-70f2-8a4e-1d3c5b7f9a03", "mallory", "mallory@example.com", "00u-mallory"),
        ],
        groups=[Group("93a4c812-0051-70f2-8a4e-1d3c5b7f9b01", "analysts", {_ALICE, _BOB})],
        identity_center_regions=[REGION],
        iam_user=_iam_user("tip-caller"),
        administrator=replace(_iam_user("administrator"), policy=_EVERYTHING),
        accounts=[
            Account("111122223333", "development", "development@example.com"),
            Account("222233334444", "production", "production@example.com"),
            Account("333344445555", "sandbox", "sandbox@example.com"),
        ],
    )


def example_directory(issuer: str) -> Directory:
    """Alice and Bob are assigned; Mallory can sign in at the identity provider but has no assignment."""
    directory = empty_directory(issuer)
    user = directory.iam_user
    caller = Role(f"arn:aws:iam::{ACCOUNT}:role/tip-caller", "AROA" + upper(17), web_identity_audiences={PUBLIC_CLIENT})
    analytics = Role(
        f"arn:aws:iam::{ACCOUNT}:role/analytics",
        "AROA" + upper(17),
        trusted={caller.arn, user.arn},
        allows_set_context=True,
        allows_source_identity=True,
        allows_session_tags=True,
        longest_session_s=limits("sts", "AssumeRole", "DurationSeconds").most or 0,
    )
    entitled_roles = [
        Role(f"arn:aws:iam::{account}:role/{name}", "AROA" + upper(17), longest_session_s=43_200)
        for account, name in (("111122223333", "builder"), ("222233334444", "auditor"))
    ]
    location_role = Role(
        f"arn:aws:iam::{ACCOUNT}:role/access-grants-location",
        "AROA" + upper(17),
        trust_policy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "access-grants.s3.amazonaws.com"},
                    "Action": ["sts:AssumeRole", "sts:SetContext"],
                }
            ],
        },
    )
    first, second = _applications(issuer, actors={caller.arn, user.arn})
    directory.example_applications = [first, second]
    directory.example_roles = [caller, analytics]
    directory.token_issuers = [first.issuer]
    directory.oidc_providers = {issuer: {PUBLIC_CLIENT, CONFIDENTIAL_CLIENT}}
    directory.permission_sets = {
        name: PermissionSet(name, suffix, "AROA" + upper(17))
        for name, suffix in (("Admin", "0a1b2c3d4e5f6071"), ("ReadOnly", "8192a3b4c5d6e7f8"))
    }
    directory.assignments = {
        Assignment(_ALICE, "111122223333", "Admin"),
        Assignment(_ALICE, "111122223333", "ReadOnly"),
        Assignment(_ALICE, "222233334444", "ReadOnly"),
        Assignment(_BOB, "111122223333", "ReadOnly"),
    }
    directory.access_grants = AccessGrants(directory.instance.arn, {"default": ("s3://", location_role.arn)})
    directory.s3_grants = [S3Grant(_ALICE, "s3://reports/*", "READ")]
    directory.tenants = [
        Tenant("aa-0123456789ab", {(_ALICE, role.arn) for role in entitled_roles}, _AAM_ARN, _AAM_APPLICATION)
    ]
    directory.other_roles = [*entitled_roles, location_role]
    return directory


def _iam_user(name: str) -> IamUser:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return IamUser(arn, "AIDA" + upper(17), "AKIA" + upper(16), aws_secret(40))


def _identity_provider(issuer: str) -> IdentityProvider:
    people = [
        Person("alice@example.com", "00u-alice", "Alice Example"),
        Person("bob@example.com", "00u-bob", "Bob Example"),
        Person("mallory@example.com", "00u-mallory", "Mallory Example"),
    ]
    hosts, paths = ("127.0.0.1", "[::1]", "localhost"), ("", "/", "/callback", "/oidc-helper/callback")
    loopback = [f"http://{host}{path}" for host in hosts for path in paths]
    return IdentityProvider(
        issuer=issuer,
        people={person.email: person for person in people},
        clients={
            PUBLIC_CLIENT: Client(PUBLIC_CLIENT, loopback),
            CONFIDENTIAL_CLIENT: Client(
                CONFIDENTIAL_CLIENT, ["https://app.example.com/callback", *loopback], secret=opaque(48)
            ),
        },
    )


def _applications(issuer: str, actors: set[str]) -> tuple[Application, Application]:
    trusted = TrustedTokenIssuer(
        issuer, f"arn:aws:sso::{ACCOUNT}:trustedTokenIssuer/{INSTANCE}/tti-01234567-89ab-4cde-8f01-23456789abcd"
    )
    first = Application(
        arn=f"arn:aws:sso::{ACCOUNT}:application/{INSTANCE}/apl-1234567890abcdef",
        grants={JWT_BEARER, "refresh_token", TOKEN_EXCHANGE},
        scopes={
            "sso:account:access": set(),
            "s3:access_grants:read_write": set(),
            "account_access:read_only": set(),
            "account_access:assume": set(),
        },
        actors=actors,
        assigned={_ALICE, _BOB},
        authorizations=[Authorization(trusted, {PUBLIC_CLIENT})],
    )
    second = Application(
        arn=f"arn:aws:sso::{ACCOUNT}:application/{INSTANCE}/apl-fedcba0987654321",
        name="second",
        grants={"authorization_code", JWT_BEARER, "refresh_token"},
        scopes={"analytics:read": {first.arn}, "own:read": set()},
        actors=set(actors),
        assigned={_ALICE, _BOB},
        authorizations=[Authorization(trusted, {PUBLIC_CLIENT})],
        customer_managed=False,
        redirect_uris=["http://127.0.0.1:8400/oidc-helper/callback", "http://127.0.0.1:8400/callback"],
    )
    return first, second
