"""Load and save the tokens of one identity and application."""

import json
from dataclasses import replace
from hashlib import sha256

from oidc_helper import names
from oidc_helper.aws import tokens as tokens_record
from oidc_helper.aws.tokens import Tokens
from oidc_helper.identity.proof import Assertion, Proof
from oidc_helper.identity.token import unverified_claims
from oidc_helper.settings import Profile
from oidc_helper.store.kinds import TOKENS
from oidc_helper.store.store import Store


def load(profile: Profile, store: Store) -> Tokens:
    """The tokens kept for the profile's identity and application under their present settings, or else empty ones.

    Raises StoreUnusable.
    """
    binding = _binding(profile)
    text = store.get(TOKENS, profile.tokens_name)
    return (text and tokens_record.from_text(text, binding=binding)) or Tokens(binding)


def save(profile: Profile, tokens: Tokens, store: Store) -> None:
    """Keep the tokens, with the details that status shows. Raises StoreUnusable."""
    store.put(
        TOKENS,
        profile.tokens_name,
        tokens.to_text(),
        expires_at=None if tokens.refresh_token else tokens.access_expires_at,
        details={
            "identity": profile.identity.name,
            "person": person(tokens.subject),
            "user": tokens.user,
            "access_expires_at": tokens.access_expires_at,
            "refreshable": int(bool(tokens.refresh_token)),
            "signs_until": _signs_until(tokens),
        },
    )


def of_proof(tokens: Tokens, proof: Proof, profile: Profile) -> Tokens:
    """The same tokens with the user of a proof, and with its identity token if that opens the caller's role."""
    named = replace(tokens, user=proof.user, subject=proof.subject)
    if not isinstance(proof, Assertion) or not profile.caller.web_identity_role_arn:
        return named
    return replace(named, identity_token=proof.token.raw, identity_token_expires_at=proof.token.expires_at)


def named_by_center(tokens: Tokens) -> Tokens:
    """The same tokens with the user of Identity Center's ID token; without one, under a name never seen before."""
    user = unverified_claims(tokens.id_token).get("sub")
    subject = user if isinstance(user, str) and user else person(tokens.access_token)
    return replace(tokens, user=user if user == subject else "", subject=f"identity center {subject}")


def person(subject: str) -> str:
    """A digest that only shows whether two subjects are the same person."""
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _signs_until(tokens: Tokens) -> int | None:
    """Until when the caller's role is open, or can be opened without a new identity token; None without a role."""
    if not tokens.caller_role:
        return None
    return max(tokens.identity_token_expires_at, (tokens.caller and tokens.caller.expires_at) or 0)


def _binding(profile: Profile) -> str:
    """A digest of the settings that tokens belong to: an identity and an application of one configuration.

    Regions are not among them: the application's ARN names its instance of Identity Center, however we reach it.
    """
    identity = profile.identity
    parts: list[object] = [names.configuration(), identity.source, identity.issuer, identity.client_id, identity.path]
    parts += [identity.variable, identity.command, identity.audience, identity.profile]
    parts += [profile.application_arn]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]
