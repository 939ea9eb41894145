"""Check the identity source: whether it gives an identity token that Identity Center will accept."""

from oidc_helper import identity as sources
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, ok, skipped
from oidc_helper.identity import client_secret
from oidc_helper.identity.token import IdentityToken
from oidc_helper.person import browser, times
from oidc_helper.store import index
from oidc_helper.words import printable

# The beginning of a doubt (`identity.token`) -> its remedy at the identity provider.
_MENDS = {
    "has no jti": "let the identity provider put a unique jti into each token, or take another token of it: its "
    "access token may have one",
    "has no aud": "let the identity provider put the client into aud",
    "has no iss": "let the identity provider put its issuer into iss",
    "is signed with": "let the identity provider sign the client's tokens with RS256",
}


def source(case: Case) -> Finding:
    """What the profile's identity tokens, or other proofs, come from."""
    identity = case.profile.identity
    name = f"{identity.name} ({identity.source})"
    if identity.source in sources.UNATTENDED:
        token = case.source_token
        return ok(
            f"{name}: {sources.describe(identity)} has a token of {_user(token, case)}, {times.until(token.expires_at)}"
        )
    if identity.source == "profile":
        return ok(f"{name}: exchanges the access token of profile {identity.profile}")
    if identity.source == "device":
        return ok(f"{name}: a person enters a code on another device")
    obstacle = browser.obstacle()
    way = f"no browser from here, since {obstacle}; a code or a pasted address will do" if obstacle else "in a browser"
    return ok(f"{name}: a person signs in, {way}")


def secret(case: Case) -> Finding:
    """The secret of a confidential client is where the settings say."""
    identity = case.profile.identity
    if not identity.client_secret:
        return skipped("the client has none" if identity.client_id else "there is no client")
    client_secret.resolve(identity, timeout_s=case.deadline.left())
    return ok(f"from {'a command' if identity.client_secret.command else 'the keyring'}")


def claims(case: Case) -> Finding:
    """The claims that Identity Center reads in the identity token."""
    token = case.identity_token()
    if token is None:
        return skipped("there is no identity token yet")
    if token.doubts:
        return failed(
            f"the identity token {'; '.join(token.doubts)}",
            "; ".join(mend for begin, mend in _MENDS.items() if any(doubt.startswith(begin) for doubt in token.doubts)),
        )
    if _is_used_up(token, case):
        return failed(
            "the identity token was already exchanged, and its tokens have ended: it can be exchanged only once",
            sources.mend(case.profile.identity) or case.profile.login,
        )
    email = token.claims.get("email")
    parts = [token.described(), f"sub {_shown(token.claims.get('sub'))}"]
    parts += [f"email {_shown(email)}"] if email else ["no email"]
    return ok(", ".join([*parts, "a jti", times.until(token.expires_at)]))


def _is_used_up(token: IdentityToken, case: Case) -> bool:
    """Whether the source only has a spent token, and the tokens that it brought have ended."""
    if case.profile.identity.source not in sources.UNATTENDED:
        return False
    tokens = case.known_tokens()
    if tokens.access_alive(case.means.now()) or tokens.refresh_token:
        return False
    return index.assertion_mark(token.issuer, token.single_use_id) in index.read().spent


def _user(token: IdentityToken, case: Case) -> str:
    return case.person(token.user) or "nobody in particular"


def _shown(value: object) -> str:
    return repr(printable(str(value)))
