"""Check what is stored of the sign-in: provider session and tokens, whose they are, and until when."""

from oidc_helper import identity as sources
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, NotChecked, failed, ok, skipped
from oidc_helper.errors import OidcHelperError, Refused, StoreUnusable
from oidc_helper.fetch.kept_provider_session import ProviderSession
from oidc_helper.person import times
from oidc_helper.store.kinds import SIGN_IN, TOKENS

_AT_PROVIDER = ("browser", "device")


def session(case: Case) -> Finding:
    """The session at the identity provider, which renews identity tokens without a person."""
    identity = case.profile.identity
    if identity.source not in _AT_PROVIDER:
        return skipped("nobody signs in at a provider from here")
    kept_session, now = case.session(), case.means.now()
    if not kept_session.refresh_token:
        return skipped("none is kept")
    if not _lives(kept_session, now):
        return skipped(f"that of {_who(case, kept_session.user)} has ended")
    lasts = times.until(kept_session.refresh_expires_at)
    return ok(f"{_who(case, kept_session.user)}, {lasts}; {_where(case, SIGN_IN, identity.name)}")


def tokens(case: Case) -> Finding:
    """Identity Center's tokens, or a way to get new ones without a person."""
    profile, kept_tokens, now = case.profile, case.tokens(), case.means.now()
    user = _who(case, kept_tokens.user)
    place = _where(case, TOKENS, profile.tokens_name)
    scopes = f", scopes {' '.join(kept_tokens.scope)}" if kept_tokens.scope else ""
    if kept_tokens.access_alive(now):
        refreshable = ", and then refreshable" if kept_tokens.refresh_token else ""
        return ok(f"{user}, {times.until(kept_tokens.access_expires_at)}{refreshable}{scopes}; {place}")
    if kept_tokens.refresh_token:
        return ok(f"{user}, ended and refreshable{scopes}; {place}")
    ended = f"those of {user} have ended" if kept_tokens.access_expires_at else "there are none yet"
    first = case.settings.first_identity(profile.identity)
    if first.source not in sources.INTERACTIVE:
        return skipped(f"{ended}; get fetches them")
    if _has_session(case):
        other = profile.identity.profile
        means = f"those of profile {other}" if other else "the provider session"
        return skipped(f"{ended}; get fetches new ones with {means}")
    if reason := case.store.why_unkept(TOKENS, profile.tokens_name):
        return failed(f"the last tokens could not be kept: {reason}", profile.login)
    if first.issuer and isinstance(
        case.discovery, OidcHelperError
    ):  # a wrong issuer also hides the tokens of the right one
        raise NotChecked("discovery" if isinstance(case.discovery, Refused) else "provider", case.discovery)
    return failed(f"nobody is signed in as {first.name}: {ended}", profile.login)


def _has_session(case: Case) -> bool:
    if case.profile.identity.profile:
        other = case.of(case.profile.identity.profile)
        other_tokens = other.tokens()
        return other_tokens.access_alive(case.means.now()) or bool(other_tokens.refresh_token) or _has_session(other)
    if case.profile.identity.source not in _AT_PROVIDER:
        return False
    try:
        kept_session, now = case.session(), case.means.now()
    except StoreUnusable as error:
        raise NotChecked("provider-session", error) from None
    return _lives(kept_session, now)


def _lives(session: ProviderSession, now: float) -> bool:
    return bool(session.refresh_token) and (session.refresh_expires_at is None or session.refresh_expires_at > now)


def _who(case: Case, user: str) -> str:
    return case.person(user) if user else "somebody"


def _where(case: Case, kind: str, name: str) -> str:
    """Where the record is, and where the next one will go if that differs."""
    present_place, next_place = case.store.lies_in(kind, name), case.store.where(kind)
    if not present_place or present_place == next_place:
        return f"in the {next_place}"
    return f"in the {present_place}, while the next goes to the {next_place}"
