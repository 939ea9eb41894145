"""What is kept of the sign-in: the provider session and Identity Center's tokens, whose they are and until when."""

from oidc_helper import identity as sources
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, NotLookedAt, failed, ok, skipped
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
    kept, now = case.session(), case.means.now()
    if not kept.refresh_token:
        return skipped("none is kept")
    if not _lives(kept, now):
        return skipped(f"that of {_who(case, kept.user)} has ended")
    lasts = times.until(kept.refresh_expires_at)
    return ok(f"{_who(case, kept.user)}, {lasts}; {_where(case, SIGN_IN, identity.name)}")


def tokens(case: Case) -> Finding:
    """Identity Center's tokens, or another way to new ones without a person."""
    profile, kept, now = case.profile, case.tokens(), case.means.now()
    who = _who(case, kept.user)
    where = _where(case, TOKENS, profile.tokens_name)
    scopes = f", scopes {' '.join(kept.scope)}" if kept.scope else ""
    if kept.access_alive(now):
        refreshable = ", and then refreshable" if kept.refresh_token else ""
        return ok(f"{who}, {times.until(kept.access_expires_at)}{refreshable}{scopes}; {where}")
    if kept.refresh_token:
        return ok(f"{who}, ended and refreshable{scopes}; {where}")
    ended = f"those of {who} have ended" if kept.access_expires_at else "there are none yet"
    first = case.settings.first_identity(profile.identity)
    if first.source not in sources.INTERACTIVE:
        return skipped(f"{ended}; get fetches them")
    if _has_session(case):
        other = profile.identity.profile
        means = f"those of profile {other}" if other else "the provider session"
        return skipped(f"{ended}; get fetches new ones by {means}")
    if reason := case.store.why_unkept(TOKENS, profile.tokens_name):
        return failed(f"the last ones were kept nowhere: {reason}", profile.login)
    if first.issuer and isinstance(case.discovery, OidcHelperError):  # under another issuer, tokens are another's
        raise NotLookedAt("discovery" if isinstance(case.discovery, Refused) else "provider", case.discovery)
    return failed(f"nobody is signed in as {first.name}: {ended}", profile.login)


def _has_session(case: Case) -> bool:
    if case.profile.identity.profile:
        other = case.of(case.profile.identity.profile)
        kept = other.tokens()
        return kept.access_alive(case.means.now()) or bool(kept.refresh_token) or _has_session(other)
    if case.profile.identity.source not in _AT_PROVIDER:
        return False
    try:
        kept_session, now = case.session(), case.means.now()
    except StoreUnusable as error:
        raise NotLookedAt("provider-session", error) from None
    return _lives(kept_session, now)


def _lives(kept: ProviderSession, now: float) -> bool:
    return bool(kept.refresh_token) and (kept.refresh_expires_at is None or kept.refresh_expires_at > now)


def _who(case: Case, user: str) -> str:
    return case.person(user) if user else "somebody"


def _where(case: Case, kind: str, name: str) -> str:
    """Where it lies, and where the next one will, if that is elsewhere."""
    lies, goes = case.store.lies_in(kind, name), case.store.where(kind)
    if not lies or lies == goes:
        return f"in the {goes}"
    return f"in the {lies}, while the next goes to the {goes}"
