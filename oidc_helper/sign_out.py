"""Forgetting a sign-in: here, and at Identity Center as far as it can be reached."""

import logging
from collections.abc import Callable, Iterable

from oidc_helper import kept_tokens
from oidc_helper.errors import OidcHelperError
from oidc_helper.settings import Profile
from oidc_helper.store import CREDENTIALS, TOKENS, Store

log = logging.getLogger("oidc_helper.sign_out")


def forget(shared: Iterable[Profile], store: Store, end_session: Callable[[str], None], *, timeout_s: float) -> bool:
    """Remove one sign-in: its tokens and the credentials of all profiles that share them; whether anything was there.

    The session is ended first, while the access token is still known. What cannot be reached is a warning: the secrets
    are gone here all the same. Raises StoreUnusable where they cannot be removed.
    """
    profiles = list(shared)
    first = profiles[0]
    with store.hold(first.tokens_name, timeout_s=timeout_s, purpose=f"oidc-helper logout {first.name}"):
        held = kept_tokens.load(first, store)
        if held.access_token:
            try:
                end_session(held.access_token)
            except OidcHelperError as error:
                log.warning("the session at Identity Center may go on: %s", error.message)
        found = [store.delete(CREDENTIALS, profile.name) for profile in profiles]
        return any([store.delete(TOKENS, first.tokens_name), *found])
