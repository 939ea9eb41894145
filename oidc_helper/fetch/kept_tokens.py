"""The tokens of one identity and application, in and out of the store."""

import json
from dataclasses import replace
from hashlib import sha256

from oidc_helper import paths
from oidc_helper.aws import tokens
from oidc_helper.aws.tokens import Tokens
from oidc_helper.identity.proof import Proof
from oidc_helper.identity.token import unverified_claims
from oidc_helper.settings import Profile
from oidc_helper.store.store import TOKENS, Store


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
            "person": person(held.subject),
            "user": held.user,
            "access_expires_at": held.access_expires_at,
            "refreshable": int(bool(held.refresh_token)),
            "signs_until": _signs_until(held),
        },
    )


def of_proof(held: Tokens, proof: Proof, want: Profile) -> Tokens:
    """The same tokens as those of whom a proof names; its token is kept where that opens the caller's role."""
    named, token = replace(held, user=proof.user, subject=proof.subject), proof.token
    if not token or not want.caller.web_identity_role_arn:
        return named
    return replace(named, identity_token=token.raw, identity_token_expires_at=token.expires_at)


def named_by_center(held: Tokens) -> Tokens:
    """The same as those of the user whom Identity Center's ID token names; without one, of nobody seen before."""
    user = unverified_claims(held.id_token).get("sub")
    subject = user if isinstance(user, str) and user else person(held.access_token)
    return replace(held, user=user if user == subject else "", subject=f"identity center {subject}")


def person(subject: str) -> str:
    """Who somebody is, in a form that tells nothing but whether two are the same."""
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _signs_until(held: Tokens) -> int | None:
    """Until when the caller's role is open or can be opened without a new identity token; None where there is none."""
    if not held.caller_role:
        return None
    return max(held.identity_token_expires_at, (held.caller and held.caller.expires_at) or 0)


def _binding(want: Profile) -> str:
    """Name the settings that tokens belong to: the same identity and application of the same configuration."""
    who = want.identity
    parts = [paths.config_file(), who.source, who.issuer, who.client_id, who.path, who.variable, who.command]
    parts += [who.audience, who.profile, want.application_arn, want.identity_center_region]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]
