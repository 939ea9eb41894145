"""What the checks look at: the settings, one of their profiles, and the means that a fetch would have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

from oidc_helper import identity
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.doctor.aws_files import AwsFiles
from oidc_helper.doctor.findings import NotChecked
from oidc_helper.errors import OidcHelperError, Refused, StoreUnusable, WrongSettings
from oidc_helper.fetch import kept_provider_session, kept_tokens
from oidc_helper.fetch.kept_provider_session import ProviderSession
from oidc_helper.fetch.means import Means
from oidc_helper.fetch.work import CALLER_OVER
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.deadline import Deadline
from oidc_helper.settings import Profile, Settings
from oidc_helper.store.store import Store
from oidc_helper.words import printable

if TYPE_CHECKING:
    from oidc_helper.aws.client import Aws
    from oidc_helper.oidc.provider import Provider


class Caller(NamedTuple):
    """The principal that signs CreateTokenWithIAM, as AWS knows it."""

    credentials: Credentials
    arn: str


@dataclass(frozen=True)
class Case:
    """One examination. `loaded` are the settings, or the error that prevented them; `name` is the profile's or empty.

    `program` starts this very command. `prepare` gives the means of a profile, within the `deadline`. `may_spend`: a
    token may be exchanged. `is_named`: the user named the profile. `names` maps names in the report to their kinds.
    What several checks need is looked up once.
    """

    loaded: Settings | WrongSettings
    name: str
    program: Sequence[str]
    deadline: Deadline
    prepare: Callable[[Profile, Settings], Means]
    may_spend: bool = False
    is_named: bool = True
    names: dict[str, str] = field(default_factory=dict)
    aws_files: AwsFiles = field(default_factory=AwsFiles)

    def of(self, name: str) -> Self:
        """The case for another profile."""
        return self if name == self.name else replace(self, name=name, is_named=False)

    def person(self, user: str) -> str:
        """A user's name as the report shows it."""
        return self.named("user", user)

    def named(self, kind: str, name: str) -> str:
        """A name as the report shows it; in an anonymous report its stand-in is called after the kind."""
        self.names[name] = kind
        return printable(name)

    @property
    def settings(self) -> Settings:
        """The settings. Raises WrongSettings."""
        if isinstance(self.loaded, WrongSettings):
            raise WrongSettings(self.loaded.message, self.loaded.hint)
        return self.loaded

    @property
    def is_sound(self) -> bool:
        """Whether the profile exists and can be used."""
        return isinstance(self.loaded, Settings) and self.name in self.loaded.profiles

    @property
    def profile(self) -> Profile:
        """The profile. Raises WrongSettings."""
        return self.settings.profile(self.name)

    @cached_property
    def means(self) -> Means:
        """The parts of a fetch of the profile. Raises OidcHelperError."""
        return self.prepare(self.profile, self.settings)

    @property
    def store(self) -> Store:
        """The store, as a fetch sees it."""
        return self.means.store

    @cached_property
    def aws(self) -> "Aws":
        """The client for AWS that a fetch would use."""
        from oidc_helper.aws.client import Aws

        return Aws(self.profile, time_left=self.deadline.left)

    @cached_property
    def discovery(self) -> "Provider | OidcHelperError":
        """The identity provider, or why it cannot be used."""
        from oidc_helper.oidc.connection import Client
        from oidc_helper.oidc.provider import discover

        profile = self.profile
        client = Client(profile.identity.client_id, ca_bundle=profile.ca_bundle)
        try:
            return discover(profile.identity.issuer, client=client, timeout_s=self.deadline.left())
        except OidcHelperError as error:
            return error

    def tokens(self) -> Tokens:
        """The stored tokens of Identity Center, empty if there are none; read each time. Raises StoreUnusable."""
        return kept_tokens.load(self.profile, self.store)

    def known_tokens(self) -> Tokens:
        """The same, for checks other than `tokens` itself. Raises NotChecked."""
        try:
            return self.tokens()
        except StoreUnusable as error:
            raise NotChecked("tokens", error) from None

    def session(self) -> ProviderSession:
        """The stored provider session, empty if there is none. Raises StoreUnusable."""
        return kept_provider_session.load(self.profile.identity, self.store)

    @cached_property
    def source_token(self) -> IdentityToken:
        """The identity token of a source that needs no person. Raises OidcHelperError."""
        profile = self.profile
        return identity.obtain(
            profile.identity, now=self.means.now(), timeout_s=self.deadline.left(), ca_bundle=profile.ca_bundle
        )

    @cached_property
    def caller(self) -> Caller | None:
        """The caller: like a fetch, with the stored keys, or with new ones if AWS no longer knows those.

        None if new keys need an identity token and there is none. Raises OidcHelperError.
        """
        role = self.profile.caller.web_identity_role_arn
        tokens = self.known_tokens() if role else None
        if tokens and tokens.caller and tokens.caller_role == role and tokens.caller.alive(self.means.now()):
            try:
                return Caller(tokens.caller, self.aws.arn(tokens.caller))
            except Refused as refusal:
                if refusal.code not in CALLER_OVER:
                    raise
        token = self.identity_token() if role else None
        if role and token is None:
            return None
        opened = self.aws.open_caller(token)
        return Caller(opened, self.aws.arn(opened))

    def identity_token(self) -> IdentityToken | None:
        """The identity token that can be had without a person, or None. Raises OidcHelperError."""
        if self.profile.identity.source in identity.UNATTENDED:
            return self.source_token
        tokens, now = self.known_tokens(), self.means.now()
        if not tokens.identity_token or tokens.identity_token_expires_at <= now:
            return None
        return parse(tokens.identity_token, now=now, where="the tokens record")
