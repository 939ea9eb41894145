"""One fetch, in order: the cache, the lock, live tokens, a refresh, a new identity token; nothing is known of how."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol, TypeVar

from oidc_helper import record
from oidc_helper.aws import credentials, tokens
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, StoreUnusable, TryAgain, kind_of
from oidc_helper.fetch import kept_tokens
from oidc_helper.identity import SOURCES
from oidc_helper.identity.proof import Proof
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.lock import Held
from oidc_helper.record import Record
from oidc_helper.settings import Profile
from oidc_helper.store.saving import cache, quietly
from oidc_helper.store.store import CREDENTIALS, TOKENS, Store
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.fetch.broker")

_T = TypeVar("_T")

_RETRY_AFTER_S = 15  # botocore calls before every request while less than 15 min are left: a failing refresh may wait
SPENT_FOR_S = 86_400  # Identity Center was seen to remember a jti for a day
_REFRESH_OVER = {"InvalidGrantException", "ExpiredTokenException"}  # this refresh token will never work again
_ACCESS_OVER = {"UnauthorizedException", "ExpiredTokenException"}  # nor this access token or context


class Exchange(Protocol):
    """The calls to AWS that a fetch makes; `aws.Aws` is the real one. All raise OidcHelperError."""

    def open_caller(self, identity_token: IdentityToken | None) -> Credentials:
        """Get the credentials that sign CreateTokenWithIAM."""

    def create_token(self, caller: Credentials, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Ask CreateTokenWithIAM, once."""

    def credentials(self, tokens: Tokens, caller: Callable[[], Credentials]) -> Credentials:
        """Turn tokens into what the profile is for."""


class Means(NamedTuple):
    """What a fetch works with: `prove` gets a new proof, `exchange` makes the way to AWS once it is needed.

    `prove` is told whether a person may be asked. `mend` tells a person how to come to a new identity token.
    `same_person` are the identities that go by the same sign-in. `now` is in epoch seconds, `time_left` in seconds.
    """

    store: Store
    prove: Callable[[bool], Proof]
    same_person: frozenset[str]
    exchange: Callable[[], Exchange]
    mend: str
    now: Callable[[], float]
    time_left: Callable[[], float]


@dataclass(frozen=True)
class Fetched:
    """The JSON to print, good until `expires_at` (epoch seconds); `due`: renew it before somebody has to wait."""

    answer: str = field(repr=False)
    expires_at: int
    due: bool = False


def fetch(want: Profile, stamp: str, means: Means, *, refresh: bool = False, ahead: bool = False) -> Fetched:
    """Get the credential_process JSON of a profile; `stamp` is that of the settings it was resolved from.

    `refresh` ignores what is cached; `ahead` renews what will soon be due, though it could still be served. Raises
    OidcHelperError.
    """
    began = means.now()
    cached = None if refresh else _cached(want, means)
    if fetched := _fresh(cached, stamp, means, ahead=ahead):
        log.debug("served from the cache")
        return fetched
    fallback = _usable(cached, stamp, means)
    if fallback and not ahead and _failed_just_now(want, means):
        return fallback

    def look_again() -> Fetched | None:
        cached = None if refresh else _cached(want, means)
        fetched = _fresh(cached, stamp, means, ahead=ahead)
        if fetched is None:
            _fail_as_others_did(want, means, since=began)
        return fetched

    try:
        turn = _turn(want, means, look_again)
        if isinstance(turn, Fetched):
            return turn
        with turn, _remembered_failure(want, means):
            work = _Work(want, means, may_ask=not ahead and not fallback)
            return _keep(want, stamp, means, work)
    except OidcHelperError as error:
        if fallback and isinstance(error, TryAgain | SignInNeeded | StoreUnusable):
            log.debug("serving the cached credentials: %s", error.message)
            return fallback
        raise


def fetch_tokens(want: Profile, means: Means, *, may_ask: bool = False) -> Tokens:
    """Get tokens whose access token lives and covers the profile's scopes. Raises OidcHelperError."""

    def live() -> Tokens | None:
        held = kept_tokens.load(want, means.store)
        return held if _serves(held, want, means) else None

    if held := live():
        return held
    turn = _turn(want, means, live)
    if isinstance(turn, Tokens):
        return turn
    with turn, _remembered_failure(want, means):
        return _Work(want, means, may_ask=may_ask).tokens()


def sign_in(want: Profile, means: Means, *, anew: bool) -> tuple[Tokens, bool]:
    """Get tokens, from a person where it takes one; `anew`: with a new proof even if tokens are at hand.

    Whether there was a new proof comes second. A source that has none but the one of these tokens is no failure.
    """
    turn = means.store.hold(want.tokens_name, timeout_s=means.time_left(), purpose=_purpose(want))
    with turn, _remembered_failure(want, means):
        work = _Work(want, means, may_ask=True)
        return work.signed_in() if anew else (work.tokens(), work.proved)


def still_alive(want: Profile, stamp: str, means: Means) -> Fetched | None:
    """Find cached credentials that are due for renewal but not over; for when renewing them does not work now."""
    return _usable(_cached(want, means), stamp, means)


def _cached(want: Profile, means: Means) -> Record | None:
    text = means.store.get(CREDENTIALS, want.name)
    return record.parse(text.encode()) if text else None


def _fresh(cached: Record | None, stamp: str, means: Means, *, ahead: bool) -> Fetched | None:
    now = means.now()
    if cached is None or not cached.fresh(now=now, stamp=stamp):
        return None
    due = now >= cached.renew_from
    return None if due and ahead else Fetched(cached.body.decode(), cached.expires_at, due)


def _usable(cached: Record | None, stamp: str, means: Means) -> Fetched | None:
    if cached is None or cached.stamp != stamp or not credentials.usable(cached.expires_at, means.now()):
        return None
    return Fetched(cached.body.decode(), cached.expires_at)


def _serves(held: Tokens, want: Profile, means: Means) -> bool:
    """Whether cached tokens are enough for the profile."""
    return _fits(held, want) and held.access_alive(means.now()) and held.covers(want.scopes)


def _fits(held: Tokens, want: Profile) -> bool:
    """Whether the answer has what the profile's target takes: one to refresh_token may lack the identity context."""
    return bool(held.identity_context) or want.target != "role"


def _turn(want: Profile, means: Means, look_again: Callable[[], _T | None]) -> Held | _T:
    return means.store.acquire(
        want.tokens_name, timeout_s=means.time_left(), purpose=_purpose(want), look_again=look_again
    )


def _purpose(want: Profile) -> str:
    return f"oidc-helper for profile {want.name}"


def _keep(want: Profile, stamp: str, means: Means, work: "_Work") -> Fetched:
    """Save what will be printed; the answer comes first, so that a store that cannot save it is only a warning."""
    made = work.credentials()
    now, answer = means.now(), credentials.process_json(made)
    if not made.alive(now) or made.expires_at is None:
        raise OidcHelperError("the new credentials have already expired", "set this machine's clock")
    served_until = credentials.serve_until(made.expires_at, now)
    renew_from = credentials.renew_from(made.expires_at, now) if want.renew == "ahead" else served_until
    text = record.compose(
        answer, serve_until=served_until, stamp=stamp, renew_from=renew_from, expires_at=made.expires_at
    )
    details = {"identity": want.identity.name, "person": work.person}
    put = partial(means.store.put, CREDENTIALS, want.name, text, expires_at=made.expires_at, details=details)
    cache(put, means.store)
    quietly(lambda: means.store.forget_failure(want.name))
    return Fetched(answer, made.expires_at)


def _failed_just_now(want: Profile, means: Means) -> bool:
    failure = means.store.failure(want.name)
    return failure is not None and 0 <= means.now() - failure.at < _RETRY_AFTER_S


def _fail_as_others_did(want: Profile, means: Means, *, since: float) -> None:
    """Who waited for somebody that failed has its answer: trying again one by one would take all of them too long."""
    failure = means.store.failure(want.name)
    if failure and failure.at >= since:
        raise kind_of(failure.exit_code)(failure.message, failure.hint)


@contextmanager
def _remembered_failure(want: Profile, means: Means) -> Iterator[None]:
    """Note it before the lock is given back: who waits for us looks at it first."""
    try:
        yield
    except OidcHelperError as failure:
        error = failure
        if isinstance(error, SignInNeeded) and not error.hint:
            error.hint = f"oidc-helper login {want.name}"
        quietly(lambda: means.store.remember_failure(want.name, error))
        raise


def _why(token: IdentityToken, refusal: Refused) -> str:
    """Name what is wrong with the token itself: first where the grant was refused, else behind the other reason."""
    doubts = " and ".join(token.doubts)
    doubt = f"the identity token {doubts}, which Identity Center requires" if doubts else ""
    if refusal.code == "InvalidGrantException":
        return doubt or f"{refusal.hint}; the token has {token.described()}"
    return "; ".join(filter(None, (refusal.hint, doubt)))


class _Work:
    """The steps of one fetch for whoever holds the lock, on the tokens of its identity and application."""

    def __init__(self, want: Profile, means: Means, *, may_ask: bool) -> None:
        self._want = want
        self._means = means
        self._may_ask = may_ask
        self._tokens = self._saved = kept_tokens.load(want, means.store)
        self._proof: Proof | None = None

    @cached_property
    def _exchange(self) -> Exchange:
        return self._means.exchange()

    @property
    def proved(self) -> bool:
        """Whether it took a new proof."""
        return self._proof is not None

    @property
    def person(self) -> str:
        """Whose the tokens are, for comparing."""
        return kept_tokens.person(self._tokens.subject)

    def credentials(self) -> Credentials:
        """Steps 3 to 5, and once more with new tokens where the cached access token is refused."""
        cached = self._live_tokens()
        try:
            made = self._exchange.credentials(cached or self._renewed_tokens(), self._caller)
        except Refused as refusal:
            if not cached or refusal.code not in _ACCESS_OVER:
                raise
            log.debug("the access token is over: %s", refusal.code)
            self._save(cached.without_access())
            made = self._exchange.credentials(self._renewed_tokens(), self._caller)
        if self._tokens != self._saved:  # the caller was opened anew
            self._save(self._tokens)
        return made

    def tokens(self) -> Tokens:
        """Steps 3 to 5, for who wants the tokens themselves."""
        return self._live_tokens() or self._renewed_tokens()

    def signed_in(self) -> tuple[Tokens, bool]:
        """Step 5 before the others, for who asks to sign in; whether it was one."""
        try:
            return self._exchanged(), True
        except SignInNeeded:
            held = self._tokens.access_token or self._tokens.refresh_token
            if not held or self._want.identity.source not in SOURCES:
                raise
            return self.tokens(), False

    def _live_tokens(self) -> Tokens | None:
        """Step 3: tokens that were made for another profile, or an hour ago."""
        return self._tokens if _serves(self._tokens, self._want, self._means) else None

    def _renewed_tokens(self) -> Tokens:
        """Steps 4 and 5: a refresh where that works, else a new proof."""
        if self._tokens.refresh_token and (not self._tokens.requested or self._tokens.covers(self._want.scopes)):
            refreshed = self._refreshed()
            if refreshed and _fits(refreshed, self._want):
                return refreshed
        return self._exchanged()

    def _refreshed(self) -> Tokens | None:
        """Step 4, unless the refresh token is over, or opening the caller took a sign-in, which is worth more."""
        caller = self._told(self._caller)
        if self._proof and self._proof.by_person:
            return None
        try:
            return self._ask(caller, "refresh_token", refreshToken=self._tokens.refresh_token)
        except Refused as refusal:
            if refusal.code not in _REFRESH_OVER:
                raise
            log.debug("the refresh token is over: %s", refusal.code)
            self._save(replace(self._tokens, refresh_token=""))
            return None

    def _exchanged(self) -> Tokens:
        """Step 5; a person's page learns how it went."""
        self._told(self._exchange_proof)
        if self._proof:
            self._proof.finish(None)
        return self._tokens

    def _exchange_proof(self) -> None:
        """Send the proof, an assertion once in its life."""
        proof = self._new_proof()
        caller = self._caller()
        if proof.token:
            self._exchange_assertion(caller, proof.token)
        else:
            self._ask(caller, self._want.grant, **proof.parameters)
            self._drop_others()  # whom Identity Center itself let in, only its answer tells
        if not _fits(self._tokens, self._want):
            raise Refused(
                "CreateTokenWithIAM gave no identity context, which a role session needs",
                "add sts:identity_context to the profile's scopes",
            )

    def _exchange_assertion(self, caller: Credentials, token: IdentityToken) -> None:
        """It is marked before it is sent, and free again only where it surely was not exchanged."""
        store = self._means.store
        until = int(max(token.expires_at, self._means.now()) + SPENT_FOR_S)
        marked: list[bool] = []
        quietly(lambda: marked.append(store.mark_spent(token.issuer, token.single_use_id, until=until)))
        if marked == [False]:
            raise SignInNeeded(
                f"the identity token of {printable(token.user)} was sent before, and each counts only once",
                self._means.mend,
            )
        try:
            self._ask(caller, self._want.grant, assertion=token.raw)
        except Refused as refusal:
            quietly(lambda: store.unmark_spent(token.issuer, token.single_use_id))
            refusal.hint = _why(token, refusal)
            raise
        except TryAgain as failure:
            if failure.never_sent:
                quietly(lambda: store.unmark_spent(token.issuer, token.single_use_id))
            else:
                failure.hint = f"the identity token may have been exchanged and is not sent again: {self._means.mend}"
            raise

    def _ask(self, caller: Credentials, grant: str, **proof: str) -> Tokens:
        """CreateTokenWithIAM, saved before anything else is done with the answer."""
        wanted = self._want.scopes
        parameters = {"grantType": grant, **proof, **({"scope": list(wanted)} if wanted else {})}
        answer = self._exchange.create_token(caller, parameters)
        changed = tokens.from_answer(self._tokens, answer, requested=wanted, now=self._means.now())
        self._save(changed if changed.subject else kept_tokens.named_by_center(changed))
        return self._tokens

    def _caller(self) -> Credentials:
        """The caller's credentials; those that an identity token opened are kept with the tokens while they live."""
        role = self._want.caller.web_identity_role_arn
        if not role:
            return self._exchange.open_caller(None)
        held = self._tokens.caller
        if held and self._tokens.caller_role == role and held.alive(self._means.now()):
            return held
        opened = self._open_role()
        self._tokens = replace(self._tokens, caller=opened, caller_role=role)
        return opened

    def _open_role(self) -> Credentials:
        """Use the kept identity token if it still can: it opens the role though it has been exchanged."""
        kept = self._tokens.identity_token
        if kept and not self._proof and self._tokens.identity_token_expires_at > self._means.now():
            try:
                return self._exchange.open_caller(parse(kept, now=self._means.now(), where="the tokens record"))
            except (Refused, SignInNeeded) as refusal:
                log.debug("the kept identity token opens no role: %s", refusal.message)
        return self._exchange.open_caller(self._new_proof().token)

    def _new_proof(self) -> Proof:
        if self._proof is None:
            self._proof = self._means.prove(self._may_ask)
            self._take_over(self._proof)
        return self._proof

    def _take_over(self, proof: Proof) -> None:
        """Let the tokens be of whom the proof names."""
        if self._tokens.subject not in ("", proof.subject):
            self._tokens = Tokens(self._tokens.binding)
        self._tokens = kept_tokens.of_proof(self._tokens, proof, self._want)
        if proof.subject:
            self._drop_others()

    def _drop_others(self) -> None:
        """Forget at once what was another person's, in every profile that goes by the same sign-in."""
        store = self._means.store
        for entry in store.entries():
            ours = entry.kind in (CREDENTIALS, TOKENS) and entry.details.get("identity") in self._means.same_person
            if ours and entry.details.get("person") != self.person:
                log.debug("another person signed in: the %s of %s go", entry.kind, entry.name)
                quietly(partial(store.delete, entry.kind, entry.name))

    def _told(self, work: Callable[[], _T]) -> _T:
        """Do something that may end a person's sign-in: the page says what went wrong."""
        try:
            return work()
        except OidcHelperError as error:
            if self._proof:
                self._proof.finish(error.message)
            raise

    def _save(self, changed: Tokens) -> None:
        self._tokens = self._saved = changed
        cache(partial(kept_tokens.save, self._want, changed, self._means.store), self._means.store)
