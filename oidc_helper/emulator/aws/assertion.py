"""Checks the assertion of jwt-bearer and redeems it."""

from oidc_helper.emulator.calls import Refusal
from oidc_helper.emulator.directory import Application, DirectoryUser
from oidc_helper.emulator.keys import BadToken, Claims, audiences, moment
from oidc_helper.emulator.state import State

_REMEMBERED_S = 24 * 3600  # how long AWS was observed to remember a jti


def redeemed_user(state: State, application: Application, assertion: str) -> DirectoryUser:
    """The user that the assertion identifies. Raises Refusal.

    A good assertion is redeemed even if the user is not assigned. AWS does not document this case; a client that
    works with this works with either behaviour.
    """
    try:
        claims = state.verified(assertion, application.issuer.issuer_url, algorithms=["RS256"])
    except BadToken as bad:
        raise _refused(str(bad)) from bad
    _check_claims(state, application, claims)
    user = _user(state, application, claims)
    _redeem(state, claims)
    return user


def _check_claims(state: State, application: Application, claims: Claims) -> None:
    now, expires_at = state.clock(), moment(claims, "exp")
    if claims.get("iss") != application.issuer.issuer_url:
        raise _refused(f"iss is {claims.get('iss')}, but the trusted issuer is {application.issuer.issuer_url}")
    if application.audiences.isdisjoint(audiences(claims)):
        raise _refused("aud is not authorised for the application")
    if expires_at is None or expires_at <= now:
        raise _refused("exp is missing or past")
    if (moment(claims, "nbf") or 0) > now:
        raise _refused("nbf is in the future")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise _refused("jti is missing")


def _user(state: State, application: Application, claims: Claims) -> DirectoryUser:
    rule = application.issuer
    value = claims.get(rule.claim)
    matching = [user for user in state.directory.users if value and getattr(user, rule.attribute) == value]
    if len(matching) != 1:
        raise _refused(f"the claim {rule.claim} matches {len(matching)} users")
    return matching[0]


def _redeem(state: State, claims: Claims) -> None:
    now, key = state.clock(), (claims["iss"], claims["jti"])
    for seen in [seen for seen, until in state.redeemed.items() if until <= now]:
        del state.redeemed[seen]
    if key in state.redeemed:
        raise _refused("the jti has been redeemed already")
    state.redeemed[key] = now + _REMEMBERED_S


def _refused(reason: str) -> Refusal:
    return Refusal("InvalidGrantException", reason=reason)
