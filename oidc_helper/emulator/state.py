"""The emulator's memory: sessions, tokens, codes, credentials and redeemed assertions."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from oidc_helper.emulator.aws.throttle import Throttle
from oidc_helper.emulator.clock import Clock
from oidc_helper.emulator.directory import Directory
from oidc_helper.emulator.foreign_keys import ForeignKeys
from oidc_helper.emulator.keys import Claims, SigningKeys


@dataclass
class Session:
    """One sign-in; `subject` is a person's email at the identity provider, or a user's id at Identity Center."""

    subject: str
    began_at: float
    ends_at: float
    ended: bool = False

    def live(self, now: float) -> bool:
        """Whether the tokens of the session may still be used."""
        return not self.ended and now < self.ends_at


@dataclass
class Issued:
    """An access or refresh token."""

    kind: str
    client_id: str  # an application's ARN at Identity Center
    session: Session
    scopes: tuple[str, ...]
    expires_at: float
    spent: bool = False
    region: str = ""  # the only region of Identity Center that accepts the token


@dataclass
class Pending:
    """An authorization request (RFC 6749 section 4.1.1) that waits for a person's decision."""

    client_id: str
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    nonce: str | None
    challenge: str | None
    expires_at: float


@dataclass
class Code:
    """An authorization code, with the request and the person for whom it was issued."""

    request: Pending
    email: str
    expires_at: float
    signed_in_at: float
    spent: bool = False
    session: Session | None = None  # the session that redeeming the code began


@dataclass
class Device:
    """A device authorization (RFC 8628)."""

    client_id: str
    scopes: tuple[str, ...]
    user_code: str
    expires_at: float
    interval_s: int
    polled_at: float = 0
    email: str | None = None
    denied: bool = False
    spent: bool = False


@dataclass(frozen=True)
class Context:
    """The user and the application behind an identity context."""

    user_id: str
    application_arn: str
    expires_at: float


@dataclass(frozen=True)
class Credentials:
    """An access key and its principal; an IAM user's key has no session token and does not expire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: float | None
    arn: str  # the ARN of the session or the user
    user_id: str  # as in GetCallerIdentity
    principal_arn: str  # the role or the user, as policies name it
    context: Context | None = None
    source_identity: str | None = None
    direct: bool = False  # issued by a portal, not by role chaining

    @property
    def account_id(self) -> str:
        """The account of the principal."""
        return self.arn.split(":")[4]

    @property
    def of_role(self) -> bool:
        """Whether these are the credentials of a role session."""
        return self.session_token is not None


@dataclass(frozen=True)
class SignInToken:
    """A token that opens the console as the session `arn`, until `session_ends_at`."""

    arn: str
    expires_at: float
    session_ends_at: float


@dataclass
class State:
    """The whole memory. An operation holds `lock`, so that nothing changes between a check and its use."""

    url: str
    directory: Directory
    clock: Clock
    keys: SigningKeys  # the identity provider's
    center_keys: SigningKeys = field(default_factory=lambda: SigningKeys("ES256"))  # Identity Center's, for ID tokens
    foreign_keys: dict[str, ForeignKeys] = field(default_factory=dict)  # by issuer
    lock: threading.RLock = field(default_factory=threading.RLock)
    pending: dict[str, Pending] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    refresh_tokens: dict[str, Issued] = field(default_factory=dict)  # the identity provider's
    tokens: dict[str, Issued] = field(default_factory=dict)  # Identity Center's
    contexts: dict[str, Context] = field(default_factory=dict)
    credentials: dict[str, Credentials] = field(default_factory=dict)  # by access key id
    sign_in_tokens: dict[str, SignInToken] = field(default_factory=dict)  # for the console
    portal: Throttle = field(default_factory=Throttle)
    redeemed: dict[tuple[str, str], float] = field(
        default_factory=dict
    )  # (iss, jti) -> when to forget it, in epoch seconds

    def verified(self, token: str, issuer: str, *, algorithms: Collection[str]) -> Claims:
        """The claims of the token; checks only that the issuer signed it. Raises BadToken."""
        if issuer == self.directory.identity_provider.issuer:
            return self.keys.verified(token, algorithms=algorithms)
        return self.foreign_keys.setdefault(issuer, ForeignKeys(issuer)).verified(token, algorithms=algorithms)

    def credentials_of(self, access_key_id: str) -> Credentials | None:
        """The credentials with that access key id, of a role session or an IAM user."""
        for user in (self.directory.iam_user, self.directory.administrator):
            if access_key_id == user.access_key_id:
                return Credentials(access_key_id, user.secret_access_key, None, None, user.arn, user.user_id, user.arn)
        return self.credentials.get(access_key_id)
