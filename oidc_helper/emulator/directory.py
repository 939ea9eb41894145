"""The people, clients, applications, roles and grants that exist; a test may change any of them at any time."""

from dataclasses import dataclass, field
from typing import Any

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_SCOPES = ("openid", "aws", "sts:identity_context")  # of every application
CUSTOM_PROVIDER = "arn:aws:sso::aws:applicationProvider/custom"  # of a customer managed application

CREATED_AT = 1_767_225_600  # the creation time of everything, in epoch seconds

Document = dict[str, Any]  # a policy


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
    enabled: bool = True


@dataclass
class Group:
    """A group of Identity Center, and its members' user ids."""

    group_id: str
    name: str
    members: set[str] = field(default_factory=set)


@dataclass
class Instance:
    """The Identity Center instance of the organization."""

    name: str  # `ssoins-…`
    owner_account_id: str
    organization_id: str
    status: str = "ACTIVE"
    permission_sets_enabled: bool = True
    kms_key_arn: str = ""  # empty: AWS's own key
    vpc_exempt_applications: set[str] = field(default_factory=set)  # from the rule of the directory

    @property
    def arn(self) -> str:
        """As the APIs name it."""
        return f"arn:aws:sso:::instance/{self.name}"

    @property
    def identity_store_id(self) -> str:
        """Of the store that holds its users and groups."""
        return f"d-{self.name[-10:]}"


@dataclass
class TrustedTokenIssuer:
    """How Identity Center finds the user of an identity token: `claim` equals `attribute` of exactly one user."""

    issuer_url: str
    arn: str
    claim: str = "email"
    attribute: str = "email"  # email, user_name or external_id
    name: str = "corp"


@dataclass
class Authorization:
    """A trusted token issuer of the jwt-bearer grant, and the audiences that its tokens may have."""

    issuer: TrustedTokenIssuer
    audiences: set[str]


@dataclass
class Application:
    """An Identity Center application; a new one has nothing but its name."""

    arn: str
    grants: set[str] = field(default_factory=set)
    scopes: dict[str, set[str]] = field(default_factory=dict)  # access scope -> the applications that accept its tokens
    # The actor policy: ARNs of roles, of users, or of an account's root, which means all of them; or a whole document.
    actors: set[str] = field(default_factory=set)
    actor_policy: Document | None = None
    assigned: set[str] = field(default_factory=set)  # ids of users and groups
    authorizations: list[Authorization] = field(default_factory=list)  # of the jwt-bearer grant
    name: str = "oidc-helper"
    enabled: bool = True
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

    @property
    def issuer(self) -> TrustedTokenIssuer:
        """The first trusted token issuer of the jwt-bearer grant."""
        return self.authorizations[0].issuer

    @property
    def audiences(self) -> set[str]:
        """The audiences that the tokens of the first issuer may have."""
        return self.authorizations[0].audiences


@dataclass
class Role:
    """An IAM role and the principals that its trust policy names; `trust_policy`, a whole document, replaces those."""

    arn: str
    role_id: str
    trust_policy: Document | None = None
    policies: dict[str, Document] = field(default_factory=dict)  # inline ones, by name
    attached: set[str] = field(default_factory=set)  # ARNs of managed policies; what they allow is not modelled
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
    policy: Document | None = None  # what it may do at the services of an administrator; None: nothing


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
    attached: set[str] = field(default_factory=set)  # ARNs of managed policies; what they allow is not modelled
    inline_policy: Document | None = None


@dataclass(frozen=True)
class Assignment:
    """A user, or a group, may use a permission set in an account."""

    user_id: str  # or a group's
    account_id: str
    permission_set: str


@dataclass(frozen=True)
class S3Grant:
    """An S3 access grant to a directory user or group; `scope` is `s3://bucket/prefix*`."""

    user_id: str  # or a group's
    scope: str
    permission: str
    location_id: str = "default"
    application_arn: str = "ALL"


@dataclass
class AccessGrants:
    """The instance of S3 Access Grants, and its locations: id -> scope and role."""

    identity_center_arn: str = ""  # empty: not associated
    locations: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Tenant:
    """A tenant of account access manager, and what it gives: pairs of the id of a user or group and a role's ARN."""

    tenant_id: str
    entitlements: set[tuple[str, str]]
    arn: str = ""  # of its application at account access manager
    application_arn: str = ""  # and at Identity Center


@dataclass
class Directory:
    """Everything that exists, with names for the parts of the example that every test needs."""

    identity_provider: IdentityProvider
    instance: Instance
    users: list[DirectoryUser]
    identity_center_regions: list[str]  # of the instance, the primary one first
    iam_user: IamUser
    administrator: IamUser
    accounts: list[Account]
    groups: list[Group] = field(default_factory=list)
    example_applications: list[Application] = field(default_factory=list)
    example_roles: list[Role] = field(default_factory=list)
    token_issuers: list[TrustedTokenIssuer] = field(default_factory=list)
    oidc_providers: dict[str, set[str]] = field(default_factory=dict)  # IAM's: issuer -> client ids
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    assignments: set[Assignment] = field(default_factory=set)
    access_grants: AccessGrants | None = None
    s3_grants: list[S3Grant] = field(default_factory=list)
    tenants: list[Tenant] = field(default_factory=list)
    other_roles: list[Role] = field(default_factory=list)
    other_applications: list[Application] = field(default_factory=list)
    clocks_differ_s: int = 900  # at most; in public reports it is 5 minutes or 15, and lately 15 at STS
    portal_requests_per_s: float | None = None  # at most; AWS's quota is 20. None: any number
    administrator_page: int | None = None  # the most entries of a page for administrators; None: the model's
    vpc_endpoint_required: bool = False  # by the instance's network configuration, and nobody has one here
    # The portal's error for a user without the assignment. AWS documents this one; users have also reported
    # ForbiddenException "No access".
    not_assigned_error: str = "ResourceNotFoundException"
    # The error for a call to another region than the application's; InvalidClientException has been seen as well.
    wrong_region_error: str = "InvalidRequestRegionException"

    @property
    def application(self) -> Application:
        """The example's application that trusts the identity provider."""
        return self.example_applications[0]

    @property
    def second_application(self) -> Application:
        """The example's application whose tokens the first exchanges."""
        return self.example_applications[1]

    @property
    def caller_role(self) -> Role:
        """The example's role that a web identity opens; it may call CreateTokenWithIAM and assume the next role."""
        return self.example_roles[0]

    @property
    def analytics_role(self) -> Role:
        """The example's role that is assumed with an identity context."""
        return self.example_roles[1]

    @property
    def tenant(self) -> Tenant:
        """The first tenant of account access manager."""
        return self.tenants[0]

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

    @property
    def applications(self) -> list[Application]:
        """All of them."""
        return [*self.example_applications, *self.other_applications]

    @property
    def roles(self) -> list[Role]:
        """All of them."""
        return [*self.example_roles, *self.other_roles]

    def application_named(self, arn: str) -> Application | None:
        """The application of that ARN."""
        return next((application for application in self.applications if application.arn == arn), None)

    def role(self, arn: str) -> Role | None:
        """The role of that ARN."""
        return next((role for role in self.roles if role.arn == arn), None)

    def user(self, **attribute: str) -> DirectoryUser | None:
        """The first user with that attribute."""
        return next((user for user in self.users if attribute.items() <= vars(user).items()), None)

    def group(self, group_id: str) -> Group | None:
        """The group with that id."""
        return next((group for group in self.groups if group.group_id == group_id), None)

    def reach(self, user_id: str) -> set[str]:
        """The ids by which a user may be given something: their own, and those of their groups."""
        return {user_id, *(group.group_id for group in self.groups if user_id in group.members)}
