"""The tokens of one identity and application, in and out of the store."""

import json
from dataclasses import replace
from hashlib import sha256

from oidc_helper import paths, tokens
from oidc_helper.identity.token import IdentityToken
from oidc_helper.settings import Profile
from oidc_helper.store import TOKENS, Store
from oidc_helper.tokens import Tokens


def load(want: Profile, store: Store) -> Tokens:
    """What is kept for the profile's identity and application as they are set now; empty where there is nothing.

    Raises StoreUnusable.
    """
    bound_to = _binding(want)
    text = store.get(TOKENS, want.tokens_name)
    return (text and tokens.from_text(text, binding=bound_to)) or Tokens(bound_to)


def save(want: Profile, held: Tokens, store: Store) -> None:
    """Keep them, with what status tells of them. Raises StoreUnusable."""
    store.put(
        TOKENS,
        want.tokens_name,
        held.to_text(),
        expires_at=None if held.refresh_token else held.access_expires_at,
        details={
            "identity": want.identity.name,
            "user": held.user,
            "access_expires_at": held.access_expires_at,
            "refreshable": int(bool(held.refresh_token)),
        },
    )


def of_person(held: Tokens, token: IdentityToken, want: Profile) -> Tokens:
    """The same tokens as those of whom an identity token names; it is kept where it opens the caller's role."""
    named = replace(held, user=token.user, subject=token.subject)
    if not want.caller.web_identity_role_arn:
        return named
    return replace(named, identity_token=token.raw, identity_token_expires_at=token.expires_at)


def _binding(want: Profile) -> str:
    """Name the settings that tokens belong to: the same identity and application of the same configuration."""
    who = want.identity
    parts = [paths.config_file(), who.source, who.issuer, who.client_id, who.path, who.variable, who.command]
    parts += [who.audience, who.profile, want.application_arn, want.identity_center_region]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]
