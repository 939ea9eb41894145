"""The directory that the emulator starts with: example people, applications, roles and grants."""

from oidc_helper.emulator.directory import (
    JWT_BEARER,
    TOKEN_EXCHANGE,
    Account,
    Application,
    Assignment,
    Client,
    Directory,
    DirectoryUser,
    IamUser,
    IdentityProvider,
    PermissionSet,
    Person,
    Role,
    S3Grant,
    Tenant,
    TrustedTokenIssuer,
)
from oidc_helper.emulator.keys import aws_secret, opaque, upper
from oidc_helper.settings.limits import limits

ACCOUNT = "123456789012"  # of Identity Center, the caller and the roles
INSTANCE = "ssoins-1234567890abcdef"
REGION = "eu-west-1"
PUBLIC_CLIENT = "oidc-helper-cli"
CONFIDENTIAL_CLIENT = "oidc-helper-web"

_ALICE = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a01"
_BOB = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a02"


def example_directory(issuer: str) -> Directory:
    """Alice and Bob are assigned; Mallory can sign in at the identity provider but is assigned to nothing."""
    caller = Role(f"arn:aws:iam::{ACCOUNT}:role/tip-caller", "AROA" + upper(17), web_identity_audiences={PUBLIC_CLIENT})
    user = IamUser(f"arn:aws:iam::{ACCOUNT}:user/tip-caller", "AIDA" + upper(17), "AKIA" + upper(16), aws_secret(40))
    analytics = Role(
        f"arn:aws:iam::{ACCOUNT}:role/analytics",
        "AROA" + upper(17),
        trusted={caller.arn, user.arn},
        allows_set_context=True,
        allows_source_identity=True,
        allows_session_tags=True,
        longest_session_s=limits("sts", "AssumeRole", "DurationSeconds").most or 0,
    )
    given = [
        Role(f"arn:aws:iam::{account}:role/{name}", "AROA" + upper(17), longest_session_s=43_200)
        for account, name in (("111122223333", "builder"), ("222233334444", "auditor"))
    ]
    first, second = _applications(issuer, actors={caller.arn, user.arn})
    return Directory(
        identity_provider=_identity_provider(issuer),
        users=[
            DirectoryUser(_ALICE, "alice", "alice@example.com", "00u-alice"),
            DirectoryUser(_BOB, "bob", "bob@example.com", "00u-bob"),
            DirectoryUser("93a4c812-0051-70f2-8a4e-1d3c5b7f9a03", "mallory", "mallory@example.com", "00u-mallory"),
        ],
        identity_center_regions=[REGION],
        application=first,
        second_application=second,
        oidc_providers={issuer: {PUBLIC_CLIENT, CONFIDENTIAL_CLIENT}},
        caller_role=caller,
        analytics_role=analytics,
        iam_user=user,
        accounts=[
            Account("111122223333", "development", "development@example.com"),
            Account("222233334444", "production", "production@example.com"),
            Account("333344445555", "sandbox", "sandbox@example.com"),
        ],
        permission_sets={
            name: PermissionSet(name, suffix, "AROA" + upper(17))
            for name, suffix in (("Admin", "0a1b2c3d4e5f6071"), ("ReadOnly", "8192a3b4c5d6e7f8"))
        },
        assignments={
            Assignment(_ALICE, "111122223333", "Admin"),
            Assignment(_ALICE, "111122223333", "ReadOnly"),
            Assignment(_ALICE, "222233334444", "ReadOnly"),
            Assignment(_BOB, "111122223333", "ReadOnly"),
        },
        s3_grants=[S3Grant(_ALICE, "s3://reports/*", "READ")],
        tenant=Tenant("aa-0123456789ab", {(_ALICE, role.arn) for role in given}),
        other_roles=given,
    )


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
    trusted = TrustedTokenIssuer(issuer, f"arn:aws:sso::{ACCOUNT}:trustedTokenIssuer/{INSTANCE}/tti-0123456789abcdef")
    first = Application(
        arn=f"arn:aws:sso::{ACCOUNT}:application/{INSTANCE}/apl-1234567890abcdef",
        audiences={PUBLIC_CLIENT},
        grants={JWT_BEARER, "refresh_token", TOKEN_EXCHANGE},
        scopes={
            "sso:account:access": set(),
            "s3:access_grants:read_write": set(),
            "account_access:read_only": set(),
            "account_access:assume": set(),
        },
        actors=actors,
        assigned={_ALICE, _BOB},
        issuer=trusted,
    )
    second = Application(
        arn=f"arn:aws:sso::{ACCOUNT}:application/{INSTANCE}/apl-fedcba0987654321",
        audiences={PUBLIC_CLIENT},
        grants={"authorization_code", JWT_BEARER, "refresh_token"},
        scopes={"analytics:read": {first.arn}, "own:read": set()},
        actors=set(actors),
        assigned={_ALICE, _BOB},
        issuer=trusted,
        customer_managed=False,
        redirect_uris=["http://127.0.0.1:8400/oidc-helper/callback", "http://127.0.0.1:8400/callback"],
    )
    return first, second
