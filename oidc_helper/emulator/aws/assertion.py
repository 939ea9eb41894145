"""Check the assertion of jwt-bearer and redeem it."""

from typing import Any

from oidc_helper.emulator.calls import Refusal
from oidc_helper.emulator.directory import Application, Authorization, DirectoryUser, TrustedTokenIssuer
from oidc_helper.emulator.keys import BadToken, Claims, audiences, claimed_issuer, moment
from oidc_helper.emulator.state import State

_REMEMBERED_S = 24 * 3600  # how long AWS was observed to remember a jti


def redeemed_user(state: State, application: Application, assertion: str) -> DirectoryUser:
    """The user that the assertion identifies. Raises Refusal.

    A good assertion is spent even if the user is not assigned. AWS does not document this case; a client that copes
    with this copes with either behaviour.
    """
    try:
        authorization = _authorization(application, claimed_issuer(assertion))
        claims = state.verified(assertion, authorization.issuer.issuer_url, algorithms=["RS256"])
    except BadToken as bad:
        raise _refused(str(bad)) from bad
    _check_claims(state, authorization, claims)
    user = _user(state, authorization.issuer, claims)
    _redeem(state, claims)
    return user


def _authorization(application: Application, issuer: str | None) -> Authorization:
    """The authorization for the issuer that the assertion claims. Raises Refusal."""
    by_issuer = {each.issuer.issuer_url: each for each in application.authorizations}
    if issuer is None or issuer not in by_issuer:
        raise _refused(f"iss is {issuer}, but the trusted issuer is {', '.join(by_issuer) or 'nobody'}")
    return by_issuer[issuer]


def _check_claims(state: State, authorization: Authorization, claims: Claims) -> None:
    now, expires_at = state.clock(), moment(claims, "exp")
    if authorization.audiences.isdisjoint(audiences(claims)):
        raise _refused("aud is not authorised for the application")
    if expires_at is None or expires_at <= now:
        raise _refused("exp is missing or past")
    if (moment(claims, "nbf") or 0) > now:
        raise _refused("nbf is in the future")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise _refused("jti is missing")


def _user(state: State, rule: TrustedTokenIssuer, claims: Claims) -> DirectoryUser:
    value = _claimed(claims, rule.claim)
    matching = [user for user in state.directory.users if value and getattr(user, rule.attribute) == value]
    if len(matching) != 1:
        raise _refused(f"the claim {rule.claim} matches {len(matching)} users")
    return matching[0]


def _claimed(claims: Claims, path: str) -> Any:
    """The claim at a dotted path into nested objects; a key may itself contain a dot."""
    if path in claims:
        return claims[path]
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return _claimed(inner, rest) if rest and isinstance(inner, dict) else None


def _redeem(state: State, claims: Claims) -> None:
    now, key = state.clock(), (claims["iss"], claims["jti"])
    for seen in [seen for seen, until in state.redeemed.items() if until <= now]:
        del state.redeemed[seen]
    if key in state.redeemed:
        raise _refused("the jti has been redeemed already")
    state.redeemed[key] = now + _REMEMBERED_S


def _refused(reason: str) -> Refusal:
    return Refusal("InvalidGrantException", reason=reason)
