"""An identity token from a person at an OpenID provider, and its renewal while the provider's session lasts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from oidc_helper.errors import Refused
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.deadline import Deadline
from oidc_helper.oidc import authorization, grants
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.grants import Granted
from oidc_helper.oidc.provider import Provider, discover
from oidc_helper.oidc.refusals import error_of
from oidc_helper.oidc.verification import verify
from oidc_helper.person.browser import obstacle
from oidc_helper.person.person import Person, Way
from oidc_helper.person.telling import Finish, told
from oidc_helper.settings import Identity
from oidc_helper.sign_in import browser, device, paste
from oidc_helper.sign_in.redirect import redirect_of


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in brought: the JWT to exchange, and the provider's refresh token where it gave one.

    `subject` is whom the provider means, empty where it does not say. `refresh_expires_at` is in epoch seconds, None
    where nobody told. `finish` must be called once it is known whether the exchange has worked, with None or what went
    wrong: the person's page waits for it.
    """

    identity_token: IdentityToken
    refresh_token: str | None = field(repr=False)
    refresh_expires_at: int | None
    subject: str
    finish: Finish = field(repr=False)


@dataclass(frozen=True)
class Renewed:
    """What a renewal brought; `refresh_token` is the one to keep from now on, be it new or the old one."""

    identity_token: IdentityToken
    refresh_token: str = field(repr=False)
    subject: str


def sign_in(  # noqa: PLR0913 - who signs in where, as whom, how, and in what time
    identity: Identity,
    person: Person,
    *,
    way: Way | None = None,
    anew: bool = False,
    timeout_s: float,
    client_secret: str | None = None,
    ca_bundle: str | None = None,
    now: Callable[[], float] = time.time,
) -> SignedIn:
    """Let a person sign in; without a `way`, by the one that suits the source and this machine. Raises OidcHelperError.

    `anew` asks the provider not to take the session that the browser may have there. `now` is in epoch seconds.
    """
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    work = _SignIn(identity, provider, client, deadline, now, anew)
    way = way or _suitable(identity, provider, person)
    return work.by_device(person) if way == "device" else work.by_redirect(person, way)


def renew(  # noqa: PLR0913 - as above
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
    """Get a new identity token without a person; `subject`, where it is known, is whose it must be.

    `keep` gets a new refresh token, and until when it is good in epoch seconds where that was told, before anything
    else is done: the old one is spent, and what follows may fail.
    Raises oidc.SessionOver where the refresh token will never work again, other kinds of OidcHelperError where it may.
    """
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    granted = grants.refresh(provider, client, refresh_token, timeout_s=deadline.left(), **_resource(identity))
    work = _SignIn(identity, provider, client, deadline, now)
    if granted.refresh_token != refresh_token:
        keep(granted.refresh_token, work.refresh_expires_at(granted))
    token, found = work.assertion(granted, nonce=None)
    if subject and found and found != subject:  # OpenID Connect Core section 12.2
        raise Refused(f"{provider.host} answered the refresh token with somebody else's identity token")
    return Renewed(token, granted.refresh_token, found or subject)


def revoke(
    identity: Identity,
    refresh_token: str,
    *,
    timeout_s: float,
    client_secret: str | None = None,
    ca_bundle: str | None = None,
) -> None:
    """End the session at the provider. Raises Refused, also where the provider offers no such thing, and TryAgain."""
    deadline = Deadline(timeout_s, rest_s=0)
    client = _client(identity, client_secret, ca_bundle)
    provider = discover(identity.issuer, client=client, timeout_s=deadline.left())
    grants.revoke(provider, client, refresh_token, timeout_s=deadline.left())


@dataclass(frozen=True)
class _SignIn:
    """What one sign-in works with."""

    identity: Identity
    provider: Provider
    client: Client
    deadline: Deadline
    now: Callable[[], float]
    anew: bool = False

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
            **_asked(self.identity),
        )
        return self._signed_in(granted, lambda _error: None)

    def by_redirect(self, person: Person, way: Way) -> SignedIn:
        authorize = paste.authorize if way == "paste" else browser.authorize
        answered = authorize(
            self._begin, redirect_of(self.identity), person, place=self.place, timeout_s=self.deadline.left()
        )
        with told(answered.finish):
            if answered.answer.error:
                raise error_of(self.provider.host, answered.answer.error, answered.answer.description)
            granted = grants.redeem_code(
                self.provider,
                self.client,
                answered.request,
                answered.answer.code,
                timeout_s=self.deadline.left(),
                **_resource(self.identity),
            )
            return self._signed_in(granted, answered.finish, nonce=answered.request.nonce)

    def _signed_in(self, granted: Granted, finish: Finish, *, nonce: str | None = None) -> SignedIn:
        token, subject = self.assertion(granted, nonce=nonce)
        return SignedIn(token, granted.refresh_token or None, self.refresh_expires_at(granted), subject, finish)

    def refresh_expires_at(self, granted: Granted) -> int | None:
        """Until when, in epoch seconds, the provider says that the refresh token is good."""
        return int(self.now()) + granted.refresh_lifetime_s if granted.refresh_lifetime_s else None

    def assertion(self, granted: Granted, *, nonce: str | None) -> tuple[IdentityToken, str]:
        """The token to exchange, and whose it is; the ID token is verified whichever is chosen."""
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
            parameters={**dict(self.identity.authorize_parameters), **self._prompt(), **_asked(self.identity)},
        )

    def _prompt(self) -> dict[str, str]:
        """OpenID Connect Core section 3.1.2.1; who knows another word for it says so in its discovery document.

        What the settings ask for stays, and is enough where it lets a person choose who to be.
        """
        wanted = self.identity.authorize_parameters.get("prompt", "").split()
        known = self.provider.prompts or ("login",)
        if not self.anew or not {"login", "select_account"}.isdisjoint(wanted):
            return {}
        return {"prompt": " ".join(["login" if "login" in known else "select_account", *wanted])}


def _suitable(identity: Identity, provider: Provider, person: Person) -> Way:
    """The browser is the safest; without one a code on another device is the easiest."""
    if identity.source == "device":
        return "device"
    why_not = obstacle()
    if not why_not:
        return "browser"
    person.terminal.show(f"oidc-helper: no browser can be opened, since {why_not}")
    return "device" if provider.device_authorization_endpoint else "paste"


def _client(identity: Identity, secret: str | None, ca_bundle: str | None) -> Client:
    return Client(identity.client_id, secret, identity.client_authentication, ca_bundle)


def _asked(identity: Identity) -> dict[str, str]:
    """What is asked for, in an authorization request and in one for a device code alike."""
    wanted = {"scope": " ".join(identity.scopes), "audience": identity.audience, "login_hint": identity.login_hint}
    return {name: value for name, value in wanted.items() if value} | _resource(identity)


def _resource(identity: Identity) -> dict[str, str]:
    """RFC 8707 section 2: it belongs to the token request too."""
    return {"resource": identity.resource} if identity.resource else {}
