"""The people, clients, applications, roles and grants that exist; a test may change any of them at any time."""

from dataclasses import dataclass, field

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_SCOPES = ("openid", "aws", "sts:identity_context")  # of every application


@dataclass(frozen=True)
class Person:
    """A person who can sign in at the identity provider."""

    email: str
    subject: str
    name: str


@dataclass
class Client:
    """An OAuth client at the identity provider; a client without a secret is public and must use PKCE."""

    client_id: str
    redirect_uris: list[str]
    secret: str | None = field(default=None, repr=False)
    grants: set[str] = field(default_factory=lambda: {"authorization_code", "refresh_token", DEVICE_CODE})


@dataclass
class IdentityProvider:
    """The people and clients of the OpenID provider, and its behaviour."""

    issuer: str
    people: dict[str, Person]
    clients: dict[str, Client]
    scopes: tuple[str, ...] = ("openid", "email", "profile", "offline_access")
    token_lifetime_s: int = 3600  # of identity and access tokens
    session_lifetime_s: int = 30 * 86_400  # how long refresh tokens work after a sign-in
    rotates_refresh_tokens: bool = True
    reuse_ends_session: bool = True
    tells_refresh_lifetime: bool = False  # as Keycloak does, in refresh_expires_in
    auto_approve: bool = False  # without a page: signs in the person of `login_hint`, or the first
    silent_error: str = "login_required"  # for prompt=none: or consent_required, interaction_required, ...
    device_lifetime_s: int = 600
    device_interval_s: int = 5

    def person(self, hint: str | None = None) -> Person:
        """The person of the hint, or the first one. Raises KeyError if no person has that email address."""
        return self.people[hint] if hint else next(iter(self.people.values()))


@dataclass(frozen=True)
class DirectoryUser:
    """A user of Identity Center."""

    user_id: str
    user_name: str
    email: str
    external_id: str = ""


@dataclass
class TrustedTokenIssuer:
    """How Identity Center finds the user of an identity token: `claim` equals `attribute` of exactly one user."""

    issuer_url: str
    arn: str
    claim: str = "email"
    attribute: str = "email"  # email, user_name or external_id


@dataclass
class Application:
    """An Identity Center application."""

    arn: str
    audiences: set[str]
    grants: set[str]
    scopes: dict[str, set[str]]  # access scope -> the applications (ARNs) that accept its tokens
    actors: set[str]  # the actor policy: ARNs of roles, of users, or of an account's root, which means all of them
    assigned: set[str]  # user ids
    issuer: TrustedTokenIssuer
    customer_managed: bool = True
    assignment_required: bool = True
    redirect_uris: list[str] = field(default_factory=list)
    any_loopback_port: bool = False  # whether AWS compares the port of a loopback redirect is not documented
    access_token_lifetime_s: int = 3600
    session_lifetime_s: int = 8 * 3600
    rotates_refresh_tokens: bool = True  # not documented either; if False, a refresh returns no refresh token
    reuse_ends_session: bool = False
    fresh_context_on_refresh: bool = True
    context_lifetime_s: int | None = None  # None: that of the access token; AWS does not document it
    longest_contexts: bool = False  # whether identity contexts are as long as STS takes them

    @property
    def instance(self) -> str:
        """The name of the Identity Center instance, `ssoins-…`."""
        return self.arn.split("/")[1]


@dataclass
class Role:
    """An IAM role and the principals that its trust policy names."""

    arn: str
    role_id: str
    trusted: set[str] = field(default_factory=set)  # role and user ARNs, or an account's root
    allows_set_context: bool = False
    allows_source_identity: bool = False
    allows_session_tags: bool = False
    web_identity_audiences: set[str] = field(default_factory=set)
    longest_session_s: int = 3600

    @property
    def account_id(self) -> str:
        """The role's account."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """The name without the path."""
        return self.arn.rpartition("/")[2]


@dataclass
class IamUser:
    """An IAM user with an access key."""

    arn: str
    user_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """An account of the organization."""

    account_id: str
    name: str
    email: str


@dataclass
class PermissionSet:
    """A permission set that is provisioned into its accounts."""

    name: str
    suffix: str  # 16 hexadecimal digits at the end of the role's name
    role_id: str
    session_s: int = 3600


@dataclass(frozen=True)
class Assignment:
    """A user may use a permission set in an account."""

    user_id: str
    account_id: str
    permission_set: str


@dataclass(frozen=True)
class S3Grant:
    """An S3 access grant to a directory user; `scope` is `s3://bucket/prefix*`."""

    user_id: str
    scope: str
    permission: str


@dataclass
class Tenant:
    """A tenant of account access manager, and the roles that it gives: pairs of a user's id and a role's ARN.

    Which `scope` an application's tokens need there is not documented; None asks for none.
    """

    tenant_id: str
    entitlements: set[tuple[str, str]]
    scope: str | None = None


@dataclass
class Directory:
    """Everything that exists, with names for the parts that every test needs."""

    identity_provider: IdentityProvider
    users: list[DirectoryUser]
    identity_center_regions: list[str]  # of the instance, the primary one first
    application: Application
    second_application: Application  # `application` exchanges its tokens
    oidc_providers: dict[str, set[str]]  # IAM's: issuer -> client ids
    caller_role: Role  # a web identity opens it; it may call CreateTokenWithIAM and assume the next role
    analytics_role: Role  # assumed with an identity context
    iam_user: IamUser
    accounts: list[Account]
    permission_sets: dict[str, PermissionSet]
    assignments: set[Assignment]
    s3_grants: list[S3Grant]
    tenant: Tenant
    other_roles: list[Role] = field(default_factory=list)
    other_applications: list[Application] = field(default_factory=list)
    clocks_differ_s: int = 900  # at most; in public reports it is 5 minutes or 15, and lately 15 at STS
    portal_requests_per_s: float | None = None  # at most; AWS's quota is 20. None: any number
    vpc_endpoint_required: bool = False  # by the instance's network configuration, and nobody has one here
    # The portal's error for a user without the assignment. AWS documents this one; users have also reported
    # ForbiddenException "No access".
    not_assigned_error: str = "ResourceNotFoundException"
    # The error for a call to another region than the application's; InvalidClientException has been seen as well.
    wrong_region_error: str = "InvalidRequestRegionException"

    @property
    def application_arn(self) -> str:
        """The application that trusts the identity provider."""
        return self.application.arn

    @property
    def second_application_arn(self) -> str:
        """The application whose tokens have the first as their audience."""
        return self.second_application.arn

    @property
    def identity_center_region(self) -> str:
        """The primary region of Identity Center."""
        return self.identity_center_regions[0]

    @property
    def caller_role_arn(self) -> str:
        """The role that a web identity opens."""
        return self.caller_role.arn

    @property
    def analytics_role_arn(self) -> str:
        """The role that is assumed with an identity context."""
        return self.analytics_role.arn

    def application_named(self, arn: str) -> Application | None:
        """The application of that ARN."""
        applications = (self.application, self.second_application, *self.other_applications)
        return next((application for application in applications if application.arn == arn), None)

    def role(self, arn: str) -> Role | None:
        """The role of that ARN."""
        roles = (self.caller_role, self.analytics_role, *self.other_roles)
        return next((role for role in roles if role.arn == arn), None)

    def user(self, **attribute: str) -> DirectoryUser | None:
        """The first user with that attribute."""
        return next((user for user in self.users if attribute.items() <= vars(user).items()), None)
