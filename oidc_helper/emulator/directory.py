"""The people, clients, applications, roles and grants that exist; a test may change any of them at any time."""

from dataclasses import dataclass, field
from typing import Any

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_SCOPES = ("openid", "aws", "sts:identity_context")  # every application has them
CUSTOM_PROVIDER = "arn:aws:sso::aws:applicationProvider/custom"  # the provider of customer managed applications

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
    tells_refresh_lifetime: bool = False  # in refresh_expires_in, as Keycloak does
    auto_approve: bool = False  # show no page: sign in the person of `login_hint`, or the first one
    silent_error: str = "login_required"  # the answer to prompt=none; or consent_required, interaction_required, ...
    device_lifetime_s: int = 600
    device_interval_s: int = 5

    def person(self, hint: str | None = None) -> Person:
        """The person with the email address `hint`, by default the first. Raises KeyError if there is none."""
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
    """A group of Identity Center, with the user ids of its members."""

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
    vpc_exempt_applications: set[str] = field(default_factory=set)  # from Directory.vpc_endpoint_required

    @property
    def arn(self) -> str:
        """The instance's ARN, which has no region and no account."""
        return f"arn:aws:sso:::instance/{self.name}"

    @property
    def identity_store_id(self) -> str:
        """The id of the identity store with its users and groups."""
        return f"d-{self.name[-10:]}"


@dataclass
class TrustedTokenIssuer:
    """How Identity Center finds the user of an identity token: the one user whose `attribute` equals the `claim`."""

    issuer_url: str
    arn: str
    claim: str = "email"
    attribute: str = "email"  # email, user_name or external_id
    name: str = "corp"


@dataclass
class Authorization:
    """A trusted token issuer of the jwt-bearer grant, and the audiences that it accepts in tokens."""

    issuer: TrustedTokenIssuer
    audiences: set[str]


@dataclass
class Application:
    """An Identity Center application; a new one has only a name."""

    arn: str
    grants: set[str] = field(default_factory=set)
    scopes: dict[str, set[str]] = field(default_factory=dict)  # access scope -> the applications that accept its tokens
    # The actor policy: ARNs of roles, users or an account's root, which stands for all of them; or a whole document.
    actors: set[str] = field(default_factory=set)
    actor_policy: Document | None = None
    assigned: set[str] = field(default_factory=set)  # ids of users and groups
    authorizations: list[Authorization] = field(default_factory=list)  # of the jwt-bearer grant
    name: str = "oidc-helper"
    enabled: bool = True
    customer_managed: bool = True
    assignment_required: bool = True
    redirect_uris: list[str] = field(default_factory=list)
    any_loopback_port: bool = False  # AWS does not document whether it compares the port of a loopback redirect
    access_token_lifetime_s: int = 3600
    session_lifetime_s: int = 8 * 3600
    rotates_refresh_tokens: bool = True  # AWS does not document this; if False, a refresh returns no refresh token
    reuse_ends_session: bool = False
    fresh_context_on_refresh: bool = True
    context_lifetime_s: int | None = None  # None: that of the access token; AWS does not document this
    longest_contexts: bool = False  # whether identity contexts have the greatest length that STS accepts

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
        """The audiences that are accepted in tokens of the first issuer."""
        return self.authorizations[0].audiences


@dataclass
class Role:
    """An IAM role. `trust_policy`, a whole document, overrides the trust that the other fields describe."""

    arn: str
    role_id: str
    trust_policy: Document | None = None
    policies: dict[str, Document] = field(default_factory=dict)  # inline policies by name
    attached: set[str] = field(default_factory=set)  # ARNs of managed policies, whose effect is not modelled
    trusted: set[str] = field(default_factory=set)  # ARNs of roles and users, or of an account's root
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
    policy: Document | None = None  # its identity policy; None allows nothing at the administrator services


@dataclass(frozen=True)
class Account:
    """An account of the organization."""

    account_id: str
    name: str
    email: str


@dataclass
class PermissionSet:
    """A permission set, provisioned in all accounts with assignments."""

    name: str
    suffix: str  # the 16 hexadecimal digits that end the role's name
    role_id: str
    session_s: int = 3600
    attached: set[str] = field(default_factory=set)  # ARNs of managed policies, whose effect is not modelled
    inline_policy: Document | None = None


@dataclass(frozen=True)
class Assignment:
    """The right of a user or group to use a permission set in an account."""

    user_id: str  # or a group's id
    account_id: str
    permission_set: str


@dataclass(frozen=True)
class S3Grant:
    """An S3 access grant to a directory user or group; `scope` looks like `s3://bucket/prefix*`."""

    user_id: str  # or a group's id
    scope: str
    permission: str
    location_id: str = "default"
    application_arn: str = "ALL"


@dataclass
class AccessGrants:
    """The S3 Access Grants instance, and its locations: id -> scope and role ARN."""

    identity_center_arn: str = ""  # empty: not associated with Identity Center
    locations: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Tenant:
    """A tenant of account access manager. An entitlement is the id of a user or group, and the ARN of a role."""

    tenant_id: str
    entitlements: set[tuple[str, str]]
    arn: str = ""  # its application in account access manager
    application_arn: str = ""  # its application in Identity Center


@dataclass
class Directory:
    """Everything that exists, with properties for the parts of the example that every test needs."""

    identity_provider: IdentityProvider
    instance: Instance
    users: list[DirectoryUser]
    identity_center_regions: list[str]  # the primary one first
    iam_user: IamUser
    administrator: IamUser
    accounts: list[Account]
    groups: list[Group] = field(default_factory=list)
    example_applications: list[Application] = field(default_factory=list)
    example_roles: list[Role] = field(default_factory=list)
    token_issuers: list[TrustedTokenIssuer] = field(default_factory=list)
    oidc_providers: dict[str, set[str]] = field(default_factory=dict)  # in IAM: issuer -> client ids
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    assignments: set[Assignment] = field(default_factory=set)
    access_grants: AccessGrants | None = None
    s3_grants: list[S3Grant] = field(default_factory=list)
    tenants: list[Tenant] = field(default_factory=list)
    other_roles: list[Role] = field(default_factory=list)
    other_applications: list[Application] = field(default_factory=list)
    clocks_differ_s: int = 900  # maximum; users have reported 5 and 15 minutes, recently 15 for STS
    portal_requests_per_s: float | None = None  # maximum; AWS's quota is 20. None: no limit
    administrator_page: int | None = None  # largest page size for administrators; None: each service's own
    vpc_endpoint_required: bool = False  # a network setting of the instance; no call here comes from an endpoint
    # The portal's error if the user lacks the assignment. AWS documents this one; users have also reported
    # ForbiddenException "No access".
    not_assigned_error: str = "ResourceNotFoundException"
    # The error for a call in a region other than the application's; InvalidClientException has also been seen.
    wrong_region_error: str = "InvalidRequestRegionException"

    @property
    def application(self) -> Application:
        """The example's application that trusts the identity provider."""
        return self.example_applications[0]

    @property
    def second_application(self) -> Application:
        """The example's application whose tokens the first application exchanges."""
        return self.example_applications[1]

    @property
    def caller_role(self) -> Role:
        """The example's role for web identities; it may call CreateTokenWithIAM and assume the analytics role."""
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
        """The ARN of `application`."""
        return self.application.arn

    @property
    def second_application_arn(self) -> str:
        """The ARN of `second_application`."""
        return self.second_application.arn

    @property
    def identity_center_region(self) -> str:
        """The primary region of Identity Center."""
        return self.identity_center_regions[0]

    @property
    def caller_role_arn(self) -> str:
        """The ARN of `caller_role`."""
        return self.caller_role.arn

    @property
    def analytics_role_arn(self) -> str:
        """The ARN of `analytics_role`."""
        return self.analytics_role.arn

    @property
    def applications(self) -> list[Application]:
        """All applications."""
        return [*self.example_applications, *self.other_applications]

    @property
    def roles(self) -> list[Role]:
        """All roles."""
        return [*self.example_roles, *self.other_roles]

    def application_named(self, arn: str) -> Application | None:
        """The application with that ARN."""
        return next((application for application in self.applications if application.arn == arn), None)

    def role(self, arn: str) -> Role | None:
        """The role with that ARN."""
        return next((role for role in self.roles if role.arn == arn), None)

    def user(self, **attribute: str) -> DirectoryUser | None:
        """The first user with that attribute."""
        return next((user for user in self.users if attribute.items() <= vars(user).items()), None)

    def group(self, group_id: str) -> Group | None:
        """The group with that id."""
        return next((group for group in self.groups if group.group_id == group_id), None)

    def reach(self, user_id: str) -> set[str]:
        """The ids whose assignments, grants and entitlements apply to a user: their own, and those of their groups."""
        return {user_id, *(group.group_id for group in self.groups if user_id in group.members)}
