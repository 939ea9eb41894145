"""One fetch, in order: the cache, the lock, live tokens, a refresh, a new identity token; nothing is known of how."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from oidc_helper import credentials, kept_tokens, record, tokens
from oidc_helper.credentials import Credentials
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, StoreUnusable, TryAgain, kind_of
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.lock import Held
from oidc_helper.settings import Profile
from oidc_helper.store import CREDENTIALS, Store
from oidc_helper.terminal import printable
from oidc_helper.tokens import Tokens

log = logging.getLogger("oidc_helper.broker")

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


@dataclass(frozen=True)
class Means:
    """What a fetch works with: `source` gets a new identity token, `exchange` makes the way to AWS once it is needed.

    `mend` tells a person how to come to a new identity token. `now` is in epoch seconds, `time_left` in seconds.
    """

    store: Store
    source: Callable[[], IdentityToken]
    exchange: Callable[[], Exchange]
    mend: str
    now: Callable[[], float]
    time_left: Callable[[], float]


@dataclass(frozen=True)
class Fetched:
    """The JSON to print; `due`: it should be renewed before somebody has to wait for that."""

    answer: str = field(repr=False)
    due: bool = False


def fetch(want: Profile, stamp: str, means: Means, *, refresh: bool = False, ahead: bool = False) -> Fetched:
    """Get the credential_process JSON of a profile; `stamp` is that of the settings it was resolved from.

    `refresh` ignores what is cached; `ahead` renews what will soon be due, though it could still be served. Raises
    OidcHelperError.
    """
    began = means.now()
    stored = None if refresh else means.store.get(CREDENTIALS, want.name)
    if found := _fresh(stored, stamp, means, ahead=ahead):
        log.debug("served from the cache")
        return found
    fallback = _alive(stored, stamp, means)
    if fallback and not ahead and _failed_just_now(want, means):
        return fallback

    def look_again() -> Fetched | None:
        stored = None if refresh else means.store.get(CREDENTIALS, want.name)
        found = _fresh(stored, stamp, means, ahead=ahead)
        if found is None:
            _fail_as_others_did(want, means, since=began)
        return found

    try:
        turn = _turn(want, means, look_again)
        if isinstance(turn, Fetched):
            return turn
        with turn, _remembered_failure(want, means):
            return Fetched(_keep(want, stamp, means, _Work(want, means).credentials()))
    except OidcHelperError as error:
        if fallback and isinstance(error, TryAgain | SignInNeeded | StoreUnusable):
            log.debug("serving the cached credentials: %s", error.message)
            return fallback
        raise


def fetch_tokens(want: Profile, means: Means) -> Tokens:
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
        return _Work(want, means).tokens()


def sign_in(want: Profile, means: Means) -> tuple[Tokens, bool]:
    """Exchange a new identity token even if tokens are at hand; without a new one give those, and False."""
    turn = means.store.hold(want.tokens_name, timeout_s=means.time_left(), purpose=_purpose(want))
    with turn, _remembered_failure(want, means):
        return _Work(want, means).signed_in()


def still_alive(want: Profile, stamp: str, means: Means) -> Fetched | None:
    """Find cached credentials that are due for renewal but not over; for when renewing them does not work now."""
    return _alive(means.store.get(CREDENTIALS, want.name), stamp, means)


def _fresh(stored: str | None, stamp: str, means: Means, *, ahead: bool) -> Fetched | None:
    found = stored and record.fresh(stored.encode(), now=means.now(), stamp=stamp)
    if not found:
        return None
    body, renew_from = found
    due = means.now() >= renew_from
    return None if due and ahead else Fetched(body.decode(), due)


def _alive(stored: str | None, stamp: str, means: Means) -> Fetched | None:
    body = stored and record.body_of(stored.encode(), stamp=stamp)
    found = body and credentials.from_process_json(body)
    return Fetched(body.decode()) if body and found and found.alive(means.now()) else None


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


def _keep(want: Profile, stamp: str, means: Means, made: Credentials) -> str:
    """Save what will be printed; the answer comes first, so that a store that cannot save it is only a warning."""
    now, answer = means.now(), credentials.process_json(made)
    if not made.alive(now) or made.expires_at is None:
        raise OidcHelperError("the new credentials have already expired", "set this machine's clock")
    served_until = credentials.serve_until(made.expires_at, now)
    renew_from = credentials.renew_from(made.expires_at, now) if want.renew == "ahead" else served_until
    text = record.compose(answer, serve_until=served_until, renew_from=renew_from, stamp=stamp)
    details = {"identity": want.identity.name}
    put = partial(means.store.put, CREDENTIALS, want.name, text, expires_at=made.expires_at, details=details)
    _cache(put, means.store)
    _quietly(lambda: means.store.forget_failure(want.name))
    return answer


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
        _quietly(lambda: means.store.remember_failure(want.name, error))
        raise


def _why(token: IdentityToken, refusal: Refused) -> str:
    """Name what is wrong with the token itself before what may be wrong elsewhere."""
    if token.doubts:
        return f"the identity token {' and '.join(token.doubts)}, which Identity Center requires"
    if refusal.code != "InvalidGrantException":
        return refusal.hint
    return f"{refusal.hint}; the token has {token.described()}"


def _cache(put: Callable[[], object], store: Store) -> None:
    """Keep a record. A machine with no place for it stays so, which is said once and not at every call."""
    try:
        put()
    except StoreUnusable as error:
        notice = f"nothing is cached: {error.message}"
        try:
            is_news = store.first_time(notice)
        except StoreUnusable:  # what was said cannot be noted either
            is_news = True
        if is_news:
            log.warning("%s%s", notice, f" (hint: {error.hint})" if error.hint else "")


def _quietly(save: Callable[[], object]) -> None:
    """What cannot be kept is a warning: the answer comes first."""
    try:
        save()
    except StoreUnusable as error:
        log.warning("not everything can be kept: %s%s", error.message, f" (hint: {error.hint})" if error.hint else "")


class _Work:
    """The steps of one fetch for whoever holds the lock, on the tokens of its identity and application."""

    def __init__(self, want: Profile, means: Means) -> None:
        self._want = want
        self._means = means
        self._exchange = means.exchange()
        self._tokens = self._saved = kept_tokens.load(want, means.store)
        self._identity_token: IdentityToken | None = None

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
            if not self._tokens.access_token and not self._tokens.refresh_token:
                raise
            return self.tokens(), False

    def _live_tokens(self) -> Tokens | None:
        """Step 3: tokens that were made for another profile, or an hour ago."""
        return self._tokens if _serves(self._tokens, self._want, self._means) else None

    def _renewed_tokens(self) -> Tokens:
        """Steps 4 and 5: a refresh where that works, else a new identity token."""
        if self._tokens.refresh_token and (not self._tokens.requested or self._tokens.covers(self._want.scopes)):
            try:
                refreshed = self._ask("refresh_token", refreshToken=self._tokens.refresh_token)
            except Refused as refusal:
                if refusal.code not in _REFRESH_OVER:
                    raise
                log.debug("the refresh token is over: %s", refusal.code)
                self._save(replace(self._tokens, refresh_token=""))
            else:
                if _fits(refreshed, self._want):
                    return refreshed
        return self._exchanged()

    def _exchanged(self) -> Tokens:
        """Step 5. An assertion is marked before it is sent, and free again only where it surely was not exchanged."""
        token, store = self._new_identity_token(), self._means.store
        self._caller()
        until = int(max(token.expires_at, self._means.now()) + SPENT_FOR_S)
        marked: list[bool] = []
        _quietly(lambda: marked.append(store.mark_spent(token.issuer, token.single_use_id, until=until)))
        if marked == [False]:
            raise SignInNeeded(
                f"the identity token of {printable(token.user)} was sent before, and each counts only once",
                self._means.mend,
            )
        try:
            self._ask(self._want.grant, assertion=token.raw)
        except Refused as refusal:
            _quietly(lambda: store.unmark_spent(token.issuer, token.single_use_id))
            refusal.hint = _why(token, refusal)
            raise
        except TryAgain as failure:
            if failure.never_sent:
                _quietly(lambda: store.unmark_spent(token.issuer, token.single_use_id))
            else:
                failure.hint = f"the identity token may have been exchanged and is not sent again: {self._means.mend}"
            raise
        if not _fits(self._tokens, self._want):
            raise Refused(
                "CreateTokenWithIAM gave no identity context, which a role session needs",
                "add sts:identity_context to the profile's scopes",
            )
        return self._tokens

    def _ask(self, grant: str, **proof: str) -> Tokens:
        """CreateTokenWithIAM, saved before anything else is done with the answer."""
        wanted = self._want.scopes
        parameters = {"grantType": grant, **proof, **({"scope": list(wanted)} if wanted else {})}
        answer = self._exchange.create_token(self._caller(), parameters)
        self._save(tokens.from_answer(self._tokens, answer, requested=wanted, now=self._means.now()))
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
        if kept and not self._identity_token and self._tokens.identity_token_expires_at > self._means.now():
            try:
                return self._exchange.open_caller(parse(kept, now=self._means.now(), where="the tokens record"))
            except (Refused, SignInNeeded) as refusal:
                log.debug("the kept identity token opens no role: %s", refusal.message)
        return self._exchange.open_caller(self._new_identity_token())

    def _new_identity_token(self) -> IdentityToken:
        if self._identity_token is None:
            self._identity_token = self._means.source()
            self._take_over(self._identity_token)
        return self._identity_token

    def _take_over(self, token: IdentityToken) -> None:
        """Let the tokens be of whom the new identity token names; what was another person's is dropped at once."""
        if self._tokens.subject not in ("", token.subject):
            log.debug("another person signed in")
            for entry in self._means.store.entries():
                if entry.details.get("identity") == self._want.identity.name:
                    _quietly(partial(self._means.store.delete, entry.kind, entry.name))
            self._tokens = Tokens(self._tokens.binding)
        self._tokens = kept_tokens.of_person(self._tokens, token, self._want)

    def _save(self, changed: Tokens) -> None:
        self._tokens = self._saved = changed
        _cache(partial(kept_tokens.save, self._want, changed, self._means.store), self._means.store)
