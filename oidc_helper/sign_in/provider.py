"""A person's identity token from an OpenID provider, and its renewal while the provider's session lasts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from oidc_helper.errors import Refused, SignInNeeded
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.deadline import Deadline
from oidc_helper.oidc import authorization, grants
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.grants import Granted
from oidc_helper.oidc.provider import Provider, discover
from oidc_helper.oidc.verification import verify
from oidc_helper.person.browser import obstacle
from oidc_helper.person.outcome import Finish, reporting_to
from oidc_helper.person.person import Person, Way
from oidc_helper.settings import Identity
from oidc_helper.sign_in import browser, device, paste
from oidc_helper.sign_in.redirect import code_of, redirect_of


@dataclass(frozen=True)
class SignedIn:
    """The outcome of a sign-in: the JWT to exchange, and the provider's refresh token if it issued one.

    `refresh_expires_at` is in epoch seconds, None if the provider does not name it. `subject` is the person's `sub`,
    empty if there is no ID token. `finish` must be called once after the exchange, with None or the error: the person's
    page waits for it.
    """

    identity_token: IdentityToken
    refresh_token: str | None = field(repr=False)
    refresh_expires_at: int | None
    subject: str
    finish: Finish = field(repr=False)


@dataclass(frozen=True)
class Renewed:
    """The outcome of a renewal; its `refresh_token`, new or unchanged, is the one to keep from now on."""

    identity_token: IdentityToken
    refresh_token: str = field(repr=False)
    subject: str


def sign_in(  # noqa: PLR0913 - the identity, the person, the way, the time, and what calls to the provider take
    identity: Identity,
    person: Person,
    *,
    way: Way | None = None,
    as_another: bool = False,
    timeout_s: float,
    client_secret: str | None = None,
    ca_bundle: str | None = None,
    now: Callable[[], float] = time.time,
) -> SignedIn:
    """Let a person sign in, by the `way` or else the one that suits source and machine. Raises OidcHelperError.

    `as_another` asks the provider to ignore the browser's session there. `now` is in epoch seconds.
    """
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    at_provider = _AtProvider(identity, provider, client, deadline, now, as_another)
    way = way or _suitable(identity, provider, person)
    return at_provider.by_device(person) if way == "device" else at_provider.by_redirect(person, way)


def renew(  # noqa: PLR0913 - the refresh token, and what calls to the provider take
    identity: Identity,
    refresh_token: str,
    *,
    keep: Callable[[str, int | None], object] = lambda _token, _expires_at: None,
    subject: str = "",
    timeout_s: float,
    client_secret: str | None = None,
    ca_bundle: str | None = None,
    now: Callable[[], float] = time.time,
) -> Renewed:
    """Get a new identity token without a person; it must name the `subject`, unless that is empty.

    `keep` is called with a new refresh token and its end in epoch seconds, None if the provider names none: before all
    else, since the old token is spent and later steps may fail.
    Raises oidc.SessionOver if the refresh token will never work again, other kinds of OidcHelperError if it may; of
    these only TryAgain may pass without a person.
    """
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    granted = grants.refresh(provider, client, refresh_token, timeout_s=deadline.left(), **_resource(identity))
    at_provider = _AtProvider(identity, provider, client, deadline, now)
    if granted.refresh_token != refresh_token:
        keep(granted.refresh_token, at_provider.refresh_expires_at(granted))
    if not granted.id_token and identity.assertion == "id_token":  # OpenID Connect Core section 12.2 allows that
        raise SignInNeeded(f"{provider.host} renews the session without an identity token, which only a sign-in brings")
    token, new_subject = at_provider.assertion(granted, nonce=None)
    if subject and new_subject and new_subject != subject:  # OpenID Connect Core section 12.2
        raise Refused(f"{provider.host} answered the refresh token with somebody else's identity token")
    return Renewed(token, granted.refresh_token, new_subject or subject)


def revoke(
    identity: Identity,
    refresh_token: str,
    *,
    timeout_s: float,
    client_secret: str | None = None,
    ca_bundle: str | None = None,
) -> None:
    """End the session at the provider. Raises TryAgain, and Refused, also if the provider offers no revocation."""
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    grants.revoke(provider, client, refresh_token, timeout_s=deadline.left())


@dataclass(frozen=True)
class _AtProvider:
    """One sign-in or renewal at a provider, with all that its steps need."""

    identity: Identity
    provider: Provider
    client: Client
    deadline: Deadline
    now: Callable[[], float]
    as_another: bool = False

    @property
    def place(self) -> str:
        return f"{self.provider.host} (identity {self.identity.name})"

    def by_device(self, person: Person) -> SignedIn:
        granted = device.sign_in(
            self.provider,
            self.client,
            person,
            place=self.place,
            timeout_s=self.deadline.left(),
            **_parameters(self.identity),
        )
        return self._signed_in(granted, lambda _error: None)

    def by_redirect(self, person: Person, way: Way) -> SignedIn:
        authorize = paste.authorize if way == "paste" else browser.authorize
        answered = authorize(
            self._begin, redirect_of(self.identity), person, place=self.place, timeout_s=self.deadline.left()
        )
        with reporting_to(answered.finish):
            granted = grants.redeem_code(
                self.provider,
                self.client,
                answered.request,
                code_of(answered, self.provider.host),
                timeout_s=self.deadline.left(),
                **_resource(self.identity),
            )
            return self._signed_in(granted, answered.finish, nonce=answered.request.nonce)

    def _signed_in(self, granted: Granted, finish: Finish, *, nonce: str | None = None) -> SignedIn:
        token, subject = self.assertion(granted, nonce=nonce)
        return SignedIn(token, granted.refresh_token or None, self.refresh_expires_at(granted), subject, finish)

    def refresh_expires_at(self, granted: Granted) -> int | None:
        """The end of the refresh token in epoch seconds, None if the provider does not name it."""
        return int(self.now()) + granted.refresh_lifetime_s if granted.refresh_lifetime_s else None

    def assertion(self, granted: Granted, *, nonce: str | None) -> tuple[IdentityToken, str]:
        """The token to exchange, and its subject; an ID token is verified even if the access token is exchanged."""
        subject = ""
        if granted.id_token:
            claims = verify(
                granted.id_token,
                self.provider,
                self.client,
                nonce=nonce,
                access_token=granted.access_token,
                date=granted.date,
                now=self.now(),
                timeout_s=self.deadline.left(),
            )
            subject = str(claims["sub"])
        if self.identity.assertion == "access_token":
            return self._parsed(granted.access_token), subject
        if not granted.id_token:
            raise Refused(
                f"{self.provider.host} gave no ID token", 'add "openid" to scopes, or set assertion = "access_token"'
            )
        return self._parsed(granted.id_token), subject

    def _parsed(self, raw: str) -> IdentityToken:
        where = f"the {self.identity.assertion.replace('_', ' ')} for {self.identity.name}"
        return parse(raw, now=self.now(), where=where)

    def _begin(self, redirect_uri: str) -> authorization.Request:
        return authorization.begin(
            self.provider.endpoint("authorization_endpoint"),
            self.client.client_id,
            redirect_uri,
            issuer=self.provider.issuer,
            must_name_itself=self.provider.names_itself,
            parameters={**dict(self.identity.authorize_parameters), **self._prompt(), **_parameters(self.identity)},
        )

    def _prompt(self) -> dict[str, str]:
        """The prompt for `as_another` (OpenID Connect Core section 3.1.2.1); not every provider supports `login`.

        The prompt of the settings stays; if it lets a person change accounts, it is enough.
        """
        prompts = self.identity.authorize_parameters.get("prompt", "").split()
        supported = self.provider.prompts or ("login",)
        if not self.as_another or not {"login", "select_account"}.isdisjoint(prompts):
            return {}
        return {"prompt": " ".join(["login" if "login" in supported else "select_account", *prompts])}


def _suitable(identity: Identity, provider: Provider, person: Person) -> Way:
    """The browser, which is the safest way, or else a device code, which is the easiest, or else a pasted address."""
    if identity.source == "device":
        return "device"
    why_not = obstacle()
    if not why_not:
        return "browser"
    person.terminal.show(f"oidc-helper: no browser can be opened, since {why_not}")
    return "device" if provider.device_authorization_endpoint else "paste"


def _client(identity: Identity, secret: str | None, ca_bundle: str | None) -> Client:
    return Client(identity.client_id, secret, identity.client_authentication, ca_bundle)


def _parameters(identity: Identity) -> dict[str, str]:
    """The identity's parameters of an authorization request, and of a request for a device code."""
    parameters = {"scope": " ".join(identity.scopes), "audience": identity.audience, "login_hint": identity.login_hint}
    return {name: value for name, value in parameters.items() if value} | _resource(identity)


def _resource(identity: Identity) -> dict[str, str]:
    """RFC 8707 section 2: the parameter belongs to the token request too."""
    return {"resource": identity.resource} if identity.resource else {}
