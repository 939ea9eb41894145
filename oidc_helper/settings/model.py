"""The configuration, checked and resolved: identities, profiles, callers, S3 grants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.layers import Place
from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import Problem, wrong
from oidc_helper.settings.schema import SOURCES, Target
from oidc_helper.words import did_you_mean, few, printable, shown


@dataclass(frozen=True)
class ClientSecret:
    """Where the secret of a confidential client is kept: exactly one of the two is set."""

    keyring: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """An identity and its source; keys that this source does not take are empty."""

    name: str
    source: str
    issuer: str = ""
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    client_secret: ClientSecret | None = None
    client_authentication: str = ""
    assertion: str = ""
    audience: str = ""
    resource: str = ""
    login_hint: str = ""
    authorize_parameters: Mapping[str, str] = field(default_factory=dict)
    redirect_ports: tuple[int, ...] = ()
    redirect_host: str = ""
    redirect_path: str = ""
    path: str = ""
    variable: str = ""
    command: tuple[str, ...] = ()
    profile: str = ""
    origins: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Caller:
    """The principal that signs CreateTokenWithIAM: exactly one of the three is set."""

    web_identity_role_arn: str = ""
    profile: str = ""
    environment: bool = False


@dataclass(frozen=True)
class S3Grant:
    """An S3 access grant to ask for with the role session; `account_id` owns the S3 Access Grants instance."""

    target: str
    permission: str
    privilege: str
    account_id: str


@dataclass(frozen=True)
class Profile:
    """A named entry of the configuration with `[defaults]` merged in; `origins` says where each value was written."""

    name: str
    identity: Identity
    application_arn: str
    identity_center_region: str | tuple[str, ...]
    caller: Caller
    region: str
    role_arn: str | None
    account_access: str | None
    account_id: str | None
    permission_set: str | None
    s3_grant: S3Grant | None
    scopes: tuple[str, ...]
    duration_seconds: int
    role_session_name: str | None
    sign_in: str
    renew: str
    deadline_seconds: int
    ca_bundle: str | None
    identity_context_provider_arn: str
    generated: bool | None = None
    account_name: str | None = None
    origins: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def target(self) -> Target | None:
        """The kind of credentials that `get` prints; None for a profile that has tokens only."""
        if self.role_arn:
            return "account access" if self.account_access else "role"
        return "permission set" if self.permission_set else None

    @property
    def identity_center_regions(self) -> tuple[str, ...]:
        """The regions of the Identity Center instance, in the order in which they are tried."""
        written = self.identity_center_region
        return (written,) if isinstance(written, str) else written

    @property
    def role_regions(self) -> tuple[str, ...]:
        """The regions to ask for the role session, in that order: STS gives the same session in all of them."""
        others = self.identity_center_regions if self.region in self.identity_center_regions else ()
        return tuple(dict.fromkeys((self.region, *others)))

    @property
    def tokens_name(self) -> str:
        """The name of the tokens record, which all profiles of one identity and application share."""
        return f"{self.identity.name}+{self.application_arn}"

    @property
    def login(self) -> str:
        """The command that signs in for it."""
        return f"oidc-helper login {self.name}".rstrip()

    @property
    def grant(self) -> str:
        """The grant type of CreateTokenWithIAM if there is no refresh token."""
        return SOURCES[self.identity.source].grant


class Generated(NamedTuple):
    """The options last given to `profiles --write` for an identity, which it uses again; an empty filter takes all."""

    template: str
    account: tuple[str, ...]
    permission_set: tuple[str, ...]
    region: str | None


@dataclass(frozen=True)
class Settings:
    """A whole configuration: `path` is the user's file, and `files` are all that exist, the user's first.

    `stamp` is the `paths.config_stamp` of all files, taken before they were read. `identities` and `profiles` are the
    usable ones; `problems` are all problems, and `broken` has them by the table that they concern, or by () if they
    concern everything. `tenant` is the account_access of [defaults]. `generated` is by identity, `defaults` has the
    checked values by key. `unnamed` is the profile that [defaults] alone make, for commands that take no target; None
    if they are not enough for one.
    """

    path: str
    stamp: str
    identities: Mapping[str, Identity]
    profiles: Mapping[str, Profile]
    tenant: str | None = None
    files: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    broken: Mapping[KeyPath, Sequence[Problem]] = field(default_factory=dict)
    generated: Mapping[str, Generated] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unnamed: Profile | None = None

    def profile(self, name: str) -> Profile:
        """The profile of that name.

        Raises WrongSettings with the problems of the profile and of all that it uses, or for an unknown name with the
        nearest one.
        """
        if profile := self.profiles.get(name):
            return profile
        self._require_sound(("profile", name))
        if name in self.identities:
            its_profiles = [profile.name for profile in self.profiles_of(name)]
            raise WrongSettings(
                f"{name} is an identity, not a profile",
                f"its profiles: {few(its_profiles)}" if its_profiles else f'set identity = "{name}" in a profile',
            )
        names = sorted({*self.profiles, *(table[1] for table in self.broken if table[:1] == ("profile",))})
        hint = (
            f"profiles in {self.where}: {few(names)}"
            if names
            else f"add [profile.NAME] to {printable(self.path)}; to see how: oidc-helper help config"
        )
        raise WrongSettings(f"no profile {shown(name, 64)}{did_you_mean(name, names)}", hint)

    def profiles_of(self, identity: str) -> list[Profile]:
        """The profiles of the identity of that name."""
        return [profile for profile in self.profiles.values() if profile.identity.name == identity]

    def identity(self, name: str) -> Identity:
        """The identity of that name. Raises WrongSettings as above."""
        if identity := self.identities.get(name):
            return identity
        self._require_sound(("identity", name))
        raise WrongSettings(
            f"no identity {shown(name, 64)}{did_you_mean(name, self.identities)}",
            f"add [identity.NAME] to {self.where}",
        )

    def require_sound(self, file: str = "") -> None:
        """Raise WrongSettings with all problems, or those of one file, if there are any."""
        if problems := [problem for problem in self.problems if file in ("", problem.file)]:
            raise wrong(problems)

    @property
    def where(self) -> str:
        """The files that exist, for people."""
        return " and ".join(printable(file) for file in self.files or (self.path,))

    def _require_sound(self, table: KeyPath) -> None:
        if problems := [*self.broken.get((), ()), *self.broken.get(table, ())]:
            raise wrong(problems)

    def tenants(self, profile: Profile) -> list[str]:
        """The tenants of account access manager that may give roles to the profile's person, its own first."""
        shared = [other for other in self.profiles.values() if other.tokens_name == profile.tokens_name]
        named = [profile.account_access, self.tenant, *(other.account_access for other in shared)]
        return list(dict.fromkeys(filter(None, named)))

    def first_identity(self, identity: Identity) -> Identity:
        """The identity whose sign-in this one goes back to, through profiles that exchange each other's tokens."""
        while identity.profile:
            identity = self.profiles[identity.profile].identity
        return identity

    def same_person(self, identity: Identity) -> frozenset[str]:
        """The names of all identities that go back to the same sign-in."""
        first = self.first_identity(identity)
        return frozenset(name for name, other in self.identities.items() if self.first_identity(other) is first)
