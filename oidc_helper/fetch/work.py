"""Steps 3 to 5 of a fetch, for the process that holds the lock of an identity and application.

3. `live`: if the kept tokens live, get only the credentials.
4. `refreshed`: CreateTokenWithIAM with Identity Center's refresh token.
5. `exchanged`: CreateTokenWithIAM with a new proof.

`caller` opens the role that signs 4 and 5, and the role session. No person is asked here: a person's proof was obtained
before the work begins.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from oidc_helper.aws import tokens as tokens_record
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, StoreUnusable, TryAgain
from oidc_helper.fetch import failures, kept_tokens, single_use
from oidc_helper.fetch.means import Means
from oidc_helper.identity import UNATTENDED
from oidc_helper.identity.proof import Assertion, Proof
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.person.outcome import reporting_to
from oidc_helper.settings import Profile
from oidc_helper.store.in_kernel import REMEDY
from oidc_helper.store.kinds import CREDENTIALS, TOKENS
from oidc_helper.store.saving import note_or_warn, save_or_warn
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.fetch.work")

_T = TypeVar("_T")

_TOKEN_OVER = {"InvalidGrantException", "ExpiredTokenException"}  # the refresh or identity token will never work
_ELSEWHERE = "InvalidRequestRegionException"  # only another region accepts the token
_CONCERNS_A_PERSON = {
    *("AccessDenied", "AccessDeniedException", "ForbiddenException", "InvalidGrantException"),
    *("InvalidContextAssertion", "ResourceNotFoundException", "UnauthorizedException"),
}
ACCESS_OVER = {"UnauthorizedException", "ExpiredTokenException"}  # the access token or context will never work
_CONTEXT_STALE = "InvalidContextAssertion"  # the context will never work, but the access token may
CALLER_OVER = {"ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"}  # the caller's keys never will


@dataclass
class Progress:
    """How far a fetch has come: the current `tokens`, those `saved` in the store, and the `proof` from `prove`.

    `after_another`: this process waited for one that may have done the same work, and found no result of it.
    `has_refreshed` and `has_exchanged`: steps 4 and 5 have begun, and do not begin again.
    """

    profile: Profile
    means: Means
    prove: Callable[[], Proof]
    tokens: Tokens
    saved: Tokens
    proof: Proof | None = None
    after_another: bool = False
    has_refreshed: bool = False
    has_exchanged: bool = False


def begin(profile: Profile, means: Means, prove: Callable[[], Proof], *, after_another: bool = False) -> Progress:
    """Start from the tokens in the store."""
    tokens = kept_tokens.load(profile, means.store)
    return Progress(profile, means, prove, tokens, saved=tokens, after_another=after_another)


def begin_with(proof: Proof, profile: Profile, means: Means) -> Progress:
    """Start from a given proof, and the tokens that the store has of its user."""
    progress = begin(profile, means, lambda: proof)
    _proof(progress)
    return progress


def credentials(progress: Progress) -> Credentials:
    """Steps 3 to 5, then get the credentials; if AWS refuses the tokens, try again with newer ones."""
    kept = live(progress)
    tokens = kept or renewed(progress)
    while True:
        try:
            result = _credentials_of(tokens, progress)
        except Refused as refusal:
            tokens = _newer_tokens(progress, refusal, were_kept=tokens is kept)
        else:
            break
    if progress.tokens != progress.saved:  # the caller has new keys
        _save(progress, progress.tokens)
    return result


def usable(progress: Progress) -> Tokens:
    """Steps 3 to 5: tokens whose access token lives and covers the profile's scopes."""
    return live(progress) or renewed(progress)


def drop_access(progress: Progress, refused: str) -> None:
    """Discard the access token if it is the one that was refused, and not a newer one."""
    if refused and progress.tokens.access_token == refused:
        _save(progress, progress.tokens.without_access())


def with_new_proof(progress: Progress) -> tuple[Tokens, bool]:
    """Step 5 before the others, for a sign-in: the tokens, and whether a new proof was exchanged.

    If an UNATTENDED source has only the proof that the kept tokens came from, those tokens do.
    """
    try:
        return exchanged(progress), True
    except SignInNeeded:
        are_kept = progress.tokens.access_token or progress.tokens.refresh_token
        if not are_kept or progress.profile.identity.source not in UNATTENDED:
            raise
        return usable(progress), False


def live(progress: Progress) -> Tokens | None:
    """Step 3: tokens of an earlier fetch or of another profile; None if a person has just signed in for new ones."""
    tokens = progress.tokens
    return tokens if not _is_by_person(progress) and suffice(tokens, progress.profile, progress.means.now()) else None


def renewed(progress: Progress) -> Tokens:
    """Steps 4 and 5: a refresh if that works, else a new proof."""
    tokens, profile = progress.tokens, progress.profile
    may_refresh = tokens.refresh_token and not progress.has_refreshed and not _is_by_person(progress)
    if may_refresh and (not tokens.requested or tokens.covers(profile.scopes)):
        new = refreshed(progress)
        if new and _fits(new, profile):
            return new
    return exchanged(progress)


def refreshed(progress: Progress) -> Tokens | None:
    """Step 4; None if the refresh token is over, or is of no use in the region that answers."""
    progress.has_refreshed = True

    def ask(signer: Credentials) -> Tokens | None:
        try:
            parameters = {"refreshToken": progress.tokens.refresh_token}
            return _save_answer(progress, _create_token(progress, signer, "refresh_token", parameters))
        except Refused as refusal:
            if refusal.code == _ELSEWHERE:
                log.debug("the refresh token is good in another region only, which does not answer")
                return None
            if refusal.code not in _TOKEN_OVER:
                raise
            log.debug("the refresh token is over: %s", refusal.code)
            _save(progress, replace(progress.tokens, refresh_token=""))
            return None

    return _signed_by_caller(progress, lambda signer: ask(signer()))


def exchanged(progress: Progress) -> Tokens:
    """Step 5; the person's page shows the outcome."""
    profile = progress.profile
    progress.has_exchanged = True
    with reporting_to(partial(_finish, progress)):
        proof = _proof(progress)
        if isinstance(proof, Assertion):
            token = proof.token
            answer = _signed_by_caller(progress, lambda signer: _redeem_once(progress, signer(), token))
            _save_answer(progress, answer)
        else:
            parameters = proof.parameters
            answer = _signed_by_caller(progress, lambda signer: _redeem(progress, signer(), parameters))
            _save_answer(progress, answer)
            _drop_other_persons(progress)  # only the answer names the user of a code
        if not _fits(progress.tokens, profile):
            raise Refused(
                "CreateTokenWithIAM gave no identity context, which a role session needs",
                "add sts:identity_context to the profile's scopes",
            )
    _finish(progress, None)
    failures.forget_mended(progress.means.same_person, progress.means.store, by_person=_is_by_person(progress))
    return progress.tokens


def caller(progress: Progress) -> Credentials:
    """The caller's credentials; those opened by an identity token are kept with the tokens while they live."""
    exchange, tokens = progress.means.exchange(), progress.tokens
    role = progress.profile.caller.web_identity_role_arn
    if not role:
        return exchange.open_caller(None)
    if tokens.caller and tokens.caller_role == role and tokens.caller.alive(progress.means.now()):
        return tokens.caller
    opened = _opened_by_kept_token(progress) or exchange.open_caller(_identity_token(_proof(progress)))
    progress.tokens = replace(progress.tokens, caller=opened, caller_role=role)
    return opened


def suffice(tokens: Tokens, profile: Profile, now: float) -> bool:
    """Whether the profile can use the tokens as they are."""
    return _fits(tokens, profile) and tokens.access_alive(now) and tokens.covers(profile.scopes)


def _credentials_of(tokens: Tokens, progress: Progress) -> Credentials:
    with _naming_the_person(progress):
        return _signed_by_caller(progress, partial(progress.means.exchange().credentials, tokens))


def _signed_by_caller(progress: Progress, ask: Callable[[Callable[[], Credentials]], _T]) -> _T:
    """Ask with the caller's signature; if AWS no longer accepts the caller's kept keys, once more with new ones.

    AWS checks the signature before anything else, so the refused request has used up no token.
    """
    signer, kept = partial(caller, progress), progress.saved.caller
    try:
        return ask(signer)
    except Refused as refusal:
        if kept is None or progress.tokens.caller != kept or refusal.code not in CALLER_OVER:
            raise
        log.debug("the caller's kept keys are over: %s", refusal.code)
        _save(progress, replace(progress.tokens, caller=None))
        return ask(signer)


def _newer_tokens(progress: Progress, refusal: Refused, *, were_kept: bool) -> Tokens:
    """Newer tokens than the refused ones, by a step that this fetch has not taken yet.

    Raises the refusal if it is not about the tokens or no step is left, SignInNeeded if a person may mend it.
    """
    is_stale = refusal.code == _CONTEXT_STALE
    if not is_stale and not (were_kept and refusal.code in ACCESS_OVER):
        raise refusal
    log.debug("the access token or identity context is over: %s", refusal.code)
    tokens = progress.tokens
    _save(progress, tokens.without_context() if is_stale else tokens.without_access())
    try:
        return _by_a_step_left(progress, refusal)
    except SignInNeeded as needed:
        if is_stale:
            needed.message = f"{refusal.message}; {needed.message}"
        raise


def _by_a_step_left(progress: Progress, refusal: Refused) -> Tokens:
    if not progress.has_exchanged:
        return renewed(progress)
    new = refreshed(progress) if progress.tokens.refresh_token and not progress.has_refreshed else None
    if new and _fits(new, progress.profile):
        return new
    if _is_of_kept_session(progress):
        raise SignInNeeded("AWS refuses new tokens of this session too", progress.means.mend) from refusal
    raise refusal


def _is_by_person(progress: Progress) -> bool:
    """Whether a person has just signed in for this fetch."""
    return progress.proof is not None and progress.proof.by_person


def _is_of_kept_session(progress: Progress) -> bool:
    """Whether the proof came from a kept session; a person may sign in for another proof."""
    return progress.profile.identity.source not in UNATTENDED and not _is_by_person(progress)


def _fits(tokens: Tokens, profile: Profile) -> bool:
    """Whether the tokens hold all that the profile's target needs: a refresh may bring no identity context."""
    return bool(tokens.identity_context) or profile.target != "role"


def _opened_by_kept_token(progress: Progress) -> Credentials | None:
    """The caller's role, opened by the kept identity token: even after its exchange, the token still opens a role."""
    kept, now = progress.tokens, progress.means.now()
    if progress.proof or not kept.identity_token or kept.identity_token_expires_at <= now:
        return None
    try:
        token = parse(kept.identity_token, now=now, where="the tokens record")
        return progress.means.exchange().open_caller(token)
    except (Refused, SignInNeeded) as refusal:
        log.debug("the kept identity token opens no role: %s", refusal.message)
        return None


def _identity_token(proof: Proof) -> IdentityToken | None:
    return proof.token if isinstance(proof, Assertion) else None


def _proof(progress: Progress) -> Proof:
    """The new proof of this fetch; `progress.tokens` become those of its user."""
    if progress.proof is None:
        progress.proof = progress.prove()
        if progress.tokens.subject not in ("", progress.proof.subject):
            progress.tokens = Tokens(progress.tokens.binding)
        progress.tokens = kept_tokens.of_proof(progress.tokens, progress.proof, progress.profile)
        if progress.proof.subject:
            _drop_other_persons(progress)
    return progress.proof


def _drop_other_persons(progress: Progress) -> None:
    """Forget another person's credentials and tokens at once, in every profile that shares the sign-in."""
    means, person = progress.means, kept_tokens.person(progress.tokens.subject)
    for entry in means.store.entries():
        shared = entry.kind in (CREDENTIALS, TOKENS) and entry.details.get("identity") in means.same_person
        if shared and entry.details.get("person") != person:
            log.debug("another person signed in: the %s of %s go", entry.kind, entry.name)
            note_or_warn(partial(means.store.delete, entry.kind, entry.name))


def _create_token(progress: Progress, signer: Credentials, grant: str, proof: Mapping[str, str]) -> dict[str, Any]:
    """CreateTokenWithIAM's answer."""
    scopes = progress.profile.scopes
    parameters = {"grantType": grant, **proof, **({"scope": list(scopes)} if scopes else {})}
    origin = progress.tokens if grant == "refresh_token" else progress.proof
    with _naming_the_person(progress):
        return progress.means.exchange().create_token(signer, parameters, issued_in=origin.region if origin else "")


@contextmanager
def _naming_the_person(progress: Progress) -> Iterator[None]:
    """Name the person in a refusal that concerns one, and say how to sign in as another user."""
    try:
        yield
    except Refused as refusal:
        if refusal.code in _CONCERNS_A_PERSON and progress.tokens.user:
            profile = progress.profile
            refusal.message += f" (signed in as {printable(progress.tokens.user)})"
            if profile.identity.source not in UNATTENDED:
                another = f"to be another user: {profile.login} --force"
                refusal.hint = "; ".join(filter(None, (refusal.hint, another)))
        raise


def _redeem(
    progress: Progress, signer: Credentials, proof: Mapping[str, str], token: IdentityToken | None = None
) -> dict[str, Any]:
    """CreateTokenWithIAM's answer to a proof of the profile's grant; `token` if the proof is an identity token.

    Raises SignInNeeded if a proof from a kept session is refused: a person's proof may be accepted.
    """
    try:
        return _create_token(progress, signer, progress.profile.grant, proof)
    except Refused as refusal:
        if token:
            refusal.hint = _hint_about_token(token, refusal)
        if refusal.code not in _TOKEN_OVER or not _is_of_kept_session(progress):
            raise
        mend, is_over = progress.means.mend, refusal.code == "ExpiredTokenException"
        raise SignInNeeded(refusal.message, mend if is_over else f"{mend}; {refusal.hint}") from None


def _redeem_once(progress: Progress, signer: Credentials, token: IdentityToken) -> dict[str, Any]:
    """CreateTokenWithIAM's answer to an identity token, which counts only once.

    Raises SignInNeeded if the token is spent, StoreUnusable if its answer could not be kept, or the mark that it was
    sent.
    """
    means = progress.means
    means.exchange().prepare(signer)
    doubts: list[str] = []

    def unnoted(trouble: str) -> None:
        if progress.after_another:
            raise StoreUnusable(f"the process before this one may have sent the identity token, and {trouble}")
        doubts.append(f"it may have been sent before, since {trouble}")
        log.warning("%s", trouble)

    try:
        with single_use.sending(token, means.store, now=means.now(), warn=unnoted) as is_new:
            if not is_new:
                raise _sent_before(progress, token)
            return _redeem(progress, signer, {"assertion": token.raw}, token)
    except (Refused, SignInNeeded) as refusal:
        refusal.hint = "; ".join(filter(None, (refusal.hint, *doubts)))
        raise
    except TryAgain as failure:
        if single_use.may_be_spent(failure):
            mend = "try again, which gets a new one" if _is_of_kept_session(progress) else means.mend
            failure.hint = f"the identity token may have been exchanged and is not sent again: {mend}"
        raise


def _sent_before(progress: Progress, token: IdentityToken) -> OidcHelperError:
    sent = f"the identity token of {printable(token.user)} was sent before, and each counts only once"
    store, mend = progress.means.store, progress.means.mend
    if reason := store.why_unkept(TOKENS, progress.profile.tokens_name):
        return StoreUnusable(f"{sent}; its answer could not be kept: {reason}", f"{REMEDY}; then {mend}")
    return SignInNeeded(sent, mend)


def _hint_about_token(token: IdentityToken, refusal: Refused) -> str:
    """The refusal's hint with the faults of the token itself; if the grant was refused, the faults replace the hint."""
    doubts = " and ".join(token.doubts)
    doubt = f"the identity token {doubts}, which Identity Center requires" if doubts else ""
    if refusal.code == "InvalidGrantException":
        return doubt or f"{refusal.hint}; the token has {token.described()}"
    return "; ".join(filter(None, (refusal.hint, doubt)))


def _save_answer(progress: Progress, answer: Mapping[str, Any]) -> Tokens:
    """The tokens with CreateTokenWithIAM's answer, saved before anything else is done with them."""
    requested, now = progress.profile.scopes, progress.means.now()
    changed = tokens_record.from_answer(progress.tokens, answer, requested=requested, now=now)
    _save(progress, changed if changed.subject else kept_tokens.named_by_center(changed))
    return progress.tokens


def _save(progress: Progress, tokens: Tokens) -> None:
    progress.tokens = progress.saved = tokens
    save_or_warn(partial(kept_tokens.save, progress.profile, tokens, progress.means.store))


def _finish(progress: Progress, error: str | None) -> None:
    """Show the outcome on the page of a person who signed in."""
    if progress.proof:
        progress.proof.finish(error)
