"""New proofs: from the identity's source, from the provider's session, or from a person who signs in.

A provider session is kept for the identity, under its own lock: one sign-in serves all applications. No lock is held
here while a person signs in.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_helper import identity
from oidc_helper.aws.tokens import ACCESS_TOKEN_TYPE, Tokens
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, WrongSettings
from oidc_helper.fetch import kept_provider_session, kept_tokens
from oidc_helper.fetch.kept_provider_session import ProviderSession
from oidc_helper.identity.proof import Assertion, GrantParameters, Proof
from oidc_helper.identity.token import IdentityToken
from oidc_helper.machine.deadline import Deadline
from oidc_helper.machine.lock import Lock
from oidc_helper.oidc import ClockOff, SessionOver
from oidc_helper.person.outcome import Finish, reporting_to
from oidc_helper.settings import Profile
from oidc_helper.store.kinds import TOKENS
from oidc_helper.store.saving import note_or_warn, save_or_warn
from oidc_helper.store.store import Store
from oidc_helper.words import printable

if TYPE_CHECKING:
    from oidc_helper.person.person import Person, Way

log = logging.getLogger("oidc_helper.fetch.proofs")

_QUIET_S = 60  # after a sign-in that failed or was ignored: many callers at once must not open a tab each
_REST_S = 5  # of the deadline, kept for the exchange after the person has signed in
_REFRESHABLE = "offline_access"
# OpenID Connect Core section 11: some providers ignore the scope unless the person consents.
_NO_REFRESH_TOKEN = f'allow {_REFRESHABLE} to the client, or ask with authorize_parameters = {{ prompt = "consent" }}'


class Asking(NamedTuple):
    """How to ask a person. `person` is called only when there is something to ask.

    `way` overrides the one that suits the machine. `anew` ignores the kept session, and `as_another` also the browser's
    session at the provider. `patience_s` is the time that a person may take on top of the deadline; 0 means within the
    deadline, because a caller waits.
    """

    person: "Callable[[], Person]"
    way: "Way | None" = None
    anew: bool = False
    as_another: bool = False
    patience_s: float = 0


class Prover(NamedTuple):
    """Gets proofs for one profile; without `asking` it asks no person. `now` is in epoch seconds.

    `tokens_of` takes the name of another profile and whether it may ask a person, and returns that profile's tokens.
    `center_url` returns the base URL of Identity Center's own endpoints.
    """

    profile: Profile
    store: Store
    deadline: Deadline
    now: Callable[[], float]
    tokens_of: Callable[[str, bool], Tokens]
    center_url: Callable[[], str]
    asking: Asking | None = None

    def prove(self, *, may_ask: bool) -> Proof:
        """Get a new proof for the profile's grant, from a person only if one may be asked. Raises OidcHelperError."""
        prover = self if may_ask else self._replace(asking=None)
        ways: Mapping[str, Callable[[], Proof]] = {
            "browser": prover.at_provider,
            "device": prover.at_provider,
            "identity-center": prover.at_identity_center,
            "profile": prover.with_other_profile,
        }
        return ways.get(self.profile.identity.source, prover.from_source)()

    def from_source(self) -> Proof:
        """An identity token from a file, a variable, a command or a CI system."""
        profile, timeout_s = self.profile, self.deadline.left()
        token = identity.obtain(profile.identity, now=self.now(), timeout_s=timeout_s, ca_bundle=profile.ca_bundle)
        return Assertion(token)

    def with_other_profile(self) -> Proof:
        """Another application's access token."""
        tokens = self.tokens_of(self.profile.identity.profile, self.asking is not None)
        parameters = {"subjectToken": tokens.access_token, "subjectTokenType": ACCESS_TOKEN_TYPE}
        return GrantParameters(parameters, tokens.user, tokens.subject, region=tokens.region)

    def at_identity_center(self) -> Proof:
        """A code from Identity Center's own authorize endpoint."""
        from oidc_helper.sign_in import identity_center

        nobody = SignInNeeded("nobody is signed in at Identity Center")
        with self._attempt(nobody) as (asking, timeout_s):
            if asking.way == "device":
                raise WrongSettings("Identity Center's own sign-in knows no device code", "leave --device out")
            obtained = identity_center.sign_in(
                self.profile.identity,
                asking.person(),
                application_arn=self.profile.application_arn,
                endpoint_url=self.center_url(),
                scopes=self.profile.scopes,
                way=asking.way,
                timeout_s=timeout_s,
            )
        parameters = {
            "code": obtained.code,
            "redirectUri": obtained.redirect_uri,
            "codeVerifier": obtained.code_verifier,
        }
        return GrantParameters(parameters, by_person=True, finish=self._noting(obtained.finish))

    def at_provider(self) -> Proof:
        """An OpenID provider's token: renewed while the provider session lasts, else from a person who signs in."""
        with self._session_lock():
            session = kept_provider_session.load(self.profile.identity, self.store)
            missing = SignInNeeded(f"nobody is signed in as {self.profile.identity.name}")
            if session.refresh_token and not (self.asking and self.asking.anew):
                try:
                    return self._renewed(session)
                except (SignInNeeded, Refused, TryAgain) as failure:
                    log.debug("%s", failure.message)
                    if isinstance(failure, TryAgain | ClockOff) and not (self.asking and self.asking.patience_s):
                        raise  # once this trouble is over no sign-in is needed, and the person did not ask for one
                    if isinstance(failure, SessionOver):
                        self._save(replace(session, refresh_token=""))
                    missing = self._mended_by_a_sign_in(failure, session.user)
        return self._signed_in(session, missing)

    def _mended_by_a_sign_in(self, failure: OidcHelperError, user: str) -> SignInNeeded:
        message = f"{failure.message} (signed in as {printable(user)})" if user else failure.message
        hint = f"{self.profile.login}; {failure.hint}" if failure.hint else ""
        return SignInNeeded(message, hint)

    def _renewed(self, session: ProviderSession) -> Proof:
        from oidc_helper.sign_in import provider

        def keep(refresh_token: str, expires_at: int | None) -> None:
            self._save(replace(session, refresh_token=refresh_token, refresh_expires_at=expires_at))

        renewed = provider.renew(
            self.profile.identity,
            session.refresh_token,
            keep=keep,
            subject=session.subject,
            timeout_s=self.deadline.left(),
            **self._access(),
        )
        return Assertion(renewed.identity_token)

    def _signed_in(self, former: ProviderSession, missing: SignInNeeded) -> Proof:
        from oidc_helper.sign_in import provider

        with self._attempt(missing) as (asking, timeout_s):
            signed_in = provider.sign_in(
                self.profile.identity,
                asking.person(),
                way=asking.way,
                as_another=asking.as_another,
                timeout_s=timeout_s,
                **self._access(),
            )
            token = signed_in.identity_token
            with reporting_to(signed_in.finish):
                self._confirm(asking, token, self._displaced_user(former, signed_in.subject, token), timeout_s)
        refresh_token = signed_in.refresh_token or ""
        if not refresh_token and _REFRESHABLE in self.profile.identity.scopes:
            log.warning("no refresh token came, so the sign-in will not last: %s", _NO_REFRESH_TOKEN)
        expires_at = signed_in.refresh_expires_at
        with self._session_lock():
            self._save(ProviderSession(former.binding, token.user, signed_in.subject, refresh_token, expires_at))
        return Assertion(token, by_person=True, finish=self._noting(signed_in.finish))

    def _displaced_user(self, former: ProviderSession, subject: str, token: IdentityToken) -> str:
        """Another user, whose session or tokens this sign-in will replace; empty if there is none."""
        if former.subject and subject and former.subject != subject:
            return former.user
        person, name = kept_tokens.person(token.subject), self.profile.identity.name
        kept = (entry.details for entry in self.store.entries() if entry.kind == TOKENS)
        others = (details for details in kept if details.get("identity") == name and details.get("person") != person)
        return next((str(details.get("user") or "another user") for details in others), "")

    def _confirm(self, asking: Asking, token: IdentityToken, displaced: str, timeout_s: float) -> None:
        """Show who signed in; if that displaces a user, ask the person to confirm: somebody else may have answered.

        Raises SignInNeeded.
        """
        terminal, user = asking.person().terminal, printable(token.user)
        terminal.show(f"oidc-helper: signed in at the identity provider as {user}")
        if not displaced or asking.as_another:
            return
        former = printable(displaced)
        try:
            agreed = terminal.ask(
                f"go on as {user}, and forget all that is kept of {former}? [y/N] ", timeout_s=timeout_s
            )
        except TimeoutError:
            agreed = None
        if (agreed or "").strip().lower() not in ("y", "yes"):
            hint = f"{self.profile.login} --force"
            raise SignInNeeded(f"{user} has signed in, not {former} as before: nothing was changed", hint)

    def _access(self) -> dict[str, Any]:
        """The parameters of every call to the provider."""
        from oidc_helper.identity import client_secret

        secret = client_secret.resolve(self.profile.identity, timeout_s=self.deadline.left())
        return {"client_secret": secret, "ca_bundle": self.profile.ca_bundle, "now": self.now}

    def _session_lock(self) -> Lock:
        """The lock for redeeming or replacing this identity's refresh token, taken within the deadline."""
        name = self.profile.identity.name
        timeout_s, purpose = self.deadline.left(), f"oidc-helper for identity {name}"
        return self.store.hold(kept_provider_session.lock_name(name), timeout_s=timeout_s, purpose=purpose)

    @contextmanager
    def _attempt(self, missing: SignInNeeded) -> Iterator[tuple[Asking, float]]:
        """Give the block the way to ask the person, and the seconds for it; remember a failure that the person saw.

        Raises `missing` if no person may be asked.
        """
        asking, deadline = self.asking, self.deadline
        if asking is None:
            raise missing
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
        failure = self.store.failure(self._failure_name)
        ago_s = self.now() - failure.at if failure else _QUIET_S
        if failure and 0 <= ago_s < _QUIET_S:
            raise SignInNeeded(f"a sign-in did not work {ago_s:.0f} s ago: {failure.message}")

    def _noting(self, finish: Finish) -> Finish:
        """A Finish that also notes the outcome of the sign-in."""

        def finish_and_note(error: str | None) -> None:
            finish(error)
            if error:
                self._remember(error)
            else:
                note_or_warn(lambda: self.store.forget_failure(self._failure_name))

        return finish_and_note

    def _remember(self, message: str) -> None:
        note_or_warn(lambda: self.store.remember_failure(self._failure_name, SignInNeeded(message)))

    @property
    def _failure_name(self) -> str:
        return kept_provider_session.failure_name(self.profile.identity.name)

    def _save(self, session: ProviderSession) -> None:
        put = partial(kept_provider_session.save, self.profile.identity, session, self.store)
        save_or_warn(put)
