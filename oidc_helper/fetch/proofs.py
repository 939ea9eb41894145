"""The way to a proof of who somebody is: what the source holds, what the provider renews, or what a person does.

A provider's session is kept for the identity, under a lock of its own: one sign-in serves all applications.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_helper import identity
from oidc_helper.aws.tokens import ACCESS_TOKEN_TYPE, Tokens
from oidc_helper.errors import OidcHelperError, SignInNeeded, WrongSettings
from oidc_helper.fetch import kept_sign_in
from oidc_helper.fetch.kept_sign_in import SignIn
from oidc_helper.identity.proof import Proof, of_token
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.deadline import Deadline
from oidc_helper.oidc import SessionOver
from oidc_helper.person.telling import Finish, reporting_to
from oidc_helper.settings import Profile
from oidc_helper.store.saving import cache, quietly
from oidc_helper.store.store import Store

if TYPE_CHECKING:
    from oidc_helper.person.person import Person, Way

log = logging.getLogger("oidc_helper.fetch.proofs")

_QUIET_S = 60  # after a sign-in that failed or was ignored, the next caller of a storm opens no further tab
_REST_S = 5  # of a deadline, that a person leaves for the exchange
_REFRESHABLE = "offline_access"
# OpenID Connect Core section 11: some providers drop the scope without a person's consent.
_NO_REFRESH_TOKEN = f'allow {_REFRESHABLE} to the client, or ask with authorize_parameters = {{ prompt = "consent" }}'


class Asking(NamedTuple):
    """How a person may be asked. `person` is made once there is something to ask.

    `way` overrules what suits the machine, and `anew` whatever session there is. `patience_s` is what a person may take
    beside the deadline; 0: within it, as for a caller that waits.
    """

    person: "Callable[[], Person]"
    way: "Way | None" = None
    anew: bool = False
    patience_s: float = 0


class Means(NamedTuple):
    """What it takes; without `asking` there is nobody to ask. `now` is in epoch seconds.

    `tokens_of` gets the tokens of another profile, and is told whether a person may be asked; `center_url` the base of
    Identity Center's own endpoints.
    """

    store: Store
    deadline: Deadline
    now: Callable[[], float]
    tokens_of: Callable[[str, bool], Tokens]
    center_url: Callable[[], str]
    asking: Asking | None = None


def prove(want: Profile, means: Means, *, may_ask: bool) -> Proof:
    """Get a new proof for the profile's grant, from a person only where one may be asked. Raises OidcHelperError."""
    prover = _Prover(want, means, means.asking if may_ask else None)
    ways = {
        "browser": prover.at_provider,
        "device": prover.at_provider,
        "identity-center": prover.at_identity_center,
        "profile": prover.with_other_profile,
    }
    return ways.get(want.identity.source, prover.from_source)()


class _Prover(NamedTuple):
    want: Profile
    means: Means
    asking: Asking | None

    def from_source(self) -> Proof:
        """What a file, a variable, a command or a CI system has."""
        found = identity.obtain(self.want.identity, now=self.means.now(), timeout_s=self.means.deadline.left())
        return of_token(found)

    def with_other_profile(self) -> Proof:
        """The access token of another application."""
        tokens = self.means.tokens_of(self.want.identity.profile, self.asking is not None)
        given = {"subjectToken": tokens.access_token, "subjectTokenType": ACCESS_TOKEN_TYPE}
        return Proof(given, tokens.user, tokens.subject)

    def at_identity_center(self) -> Proof:
        """A code of Identity Center's own authorize endpoint."""
        from oidc_helper.sign_in import identity_center

        with self._alone(), self._attempt("nobody is signed in at Identity Center") as (asking, timeout_s):
            if asking.way == "device":
                raise WrongSettings("Identity Center's own sign-in knows no device code", "leave --device out")
            obtained = identity_center.sign_in(
                self.want.identity,
                asking.person(),
                application_arn=self.want.application_arn,
                endpoint_url=self.means.center_url(),
                scopes=self.want.scopes,
                way=asking.way,
                timeout_s=timeout_s,
            )
        given = {
            "code": obtained.code,
            "redirectUri": obtained.redirect_uri,
            "codeVerifier": obtained.code_verifier,
        }
        return Proof(given, by_person=True, finish=self._noted(obtained.finish))

    def at_provider(self) -> Proof:
        """An OpenID provider's token: renewed while its session lasts, else of a person who signs in."""
        with self._alone():
            held = kept_sign_in.load(self.want.identity, self.means.store)
            missing = f"nobody is signed in as {self.want.identity.name}"
            if held.refresh_token and not (self.asking and self.asking.anew):
                try:
                    return self._renewed(held)
                except SessionOver as over:
                    log.debug("%s", over.message)
                    self._keep(replace(held, refresh_token=""))
                    missing = over.message
            return self._new(held.binding, missing)

    def _renewed(self, held: SignIn) -> Proof:
        from oidc_helper.sign_in import provider

        def keep(refresh_token: str, expires_at: int | None) -> None:
            self._keep(replace(held, refresh_token=refresh_token, refresh_expires_at=expires_at))

        renewed = provider.renew(
            self.want.identity,
            held.refresh_token,
            keep=keep,
            subject=held.subject,
            timeout_s=self.means.deadline.left(),
            **self._access(),
        )
        return of_token(self._parsed(renewed.identity_token))

    def _new(self, binding: str, missing: str) -> Proof:
        from oidc_helper.sign_in import provider

        with self._attempt(missing) as (asking, timeout_s):
            signed_in = provider.sign_in(
                self.want.identity,
                asking.person(),
                way=asking.way,
                anew=asking.anew,
                timeout_s=timeout_s,
                **self._access(),
            )
        finish = self._noted(signed_in.finish)
        with reporting_to(finish):
            token = self._parsed(signed_in.identity_token)
        refresh = signed_in.refresh_token or ""
        if not refresh and _REFRESHABLE in self.want.identity.scopes:
            log.warning("no refresh token came, so that the sign-in will not last: %s", _NO_REFRESH_TOKEN)
        self._keep(SignIn(binding, token.user, signed_in.subject, refresh, signed_in.refresh_expires_at))
        return of_token(token, by_person=True, finish=finish)

    def _parsed(self, raw: str) -> IdentityToken:
        who = self.want.identity
        return parse(raw, now=self.means.now(), where=f"the {who.assertion.replace('_', ' ')} for {who.name}")

    def _access(self) -> dict[str, Any]:
        """What every call to the provider takes."""
        from oidc_helper.identity import client_secret

        secret = client_secret.resolve(self.want.identity, timeout_s=self.means.deadline.left())
        return {"client_secret": secret, "ca_bundle": self.want.ca_bundle, "now": self.means.now}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who redeems the refresh token, or asks the person, of this identity."""
        name = self.want.identity.name
        timeout_s, purpose = self.means.deadline.left(), f"oidc-helper for identity {name}"
        with self.means.store.hold(kept_sign_in.lock_name(name), timeout_s=timeout_s, purpose=purpose):
            yield

    @contextmanager
    def _attempt(self, missing: str) -> Iterator[tuple[Asking, float]]:
        """Ask the person, who gets so many seconds; a failure is remembered. Raises SignInNeeded where none may be."""
        asking, deadline = self.asking, self.means.deadline
        if asking is None:
            raise SignInNeeded(missing)
        if not asking.patience_s:
            self._refuse_soon_after_a_failure()
        with deadline.extended(asking.patience_s):
            try:
                yield asking, asking.patience_s or max(deadline.left() / 2, deadline.left() - _REST_S)
            except OidcHelperError as failure:
                if asking.person().terminal.was_used:
                    self._remember(failure.message)
                raise

    def _refuse_soon_after_a_failure(self) -> None:
        failure = self.means.store.failure(self._failure_name)
        ago_s = self.means.now() - failure.at if failure else _QUIET_S
        if failure and 0 <= ago_s < _QUIET_S:
            raise SignInNeeded(f"a sign-in did not work {ago_s:.0f} s ago: {failure.message}")

    def _noted(self, finish: Finish) -> Finish:
        """The same, and remember how it went."""

        def tell(error: str | None) -> None:
            finish(error)
            if error:
                self._remember(error)
            else:
                quietly(lambda: self.means.store.forget_failure(self._failure_name))

        return tell

    def _remember(self, message: str) -> None:
        quietly(lambda: self.means.store.remember_failure(self._failure_name, SignInNeeded(message)))

    @property
    def _failure_name(self) -> str:
        return f"sign-in:{self.want.identity.name}"  # which no profile is called

    def _keep(self, held: SignIn) -> None:
        cache(partial(kept_sign_in.save, self.want.identity, held, self.means.store), self.means.store)
