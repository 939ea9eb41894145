"""The sign-in of one identity, in and out of the store: the provider's refresh token, which serves all applications."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from oidc_helper import paths
from oidc_helper.machine.clock import is_instant
from oidc_helper.settings import Identity
from oidc_helper.store.store import SIGN_IN, Store

_VERSION = 1


@dataclass(frozen=True)
class SignIn:
    """Who signed in at the provider; `binding` names the settings that it belongs to: under others it is a miss.

    `user` is for people to read, `subject` whom the provider means. Times are in epoch seconds; `refresh_expires_at` is
    None where the provider did not tell.
    """

    binding: str
    user: str = ""
    subject: str = ""
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: int | None = None


def load(who: Identity, store: Store) -> SignIn:
    """What is kept for the identity as it is set now; empty where there is nothing. Raises StoreUnusable."""
    bound_to = _binding(who)
    text = store.get(SIGN_IN, who.name)
    return (text and _from_text(text, bound_to)) or SignIn(bound_to)


def save(who: Identity, held: SignIn, store: Store) -> None:
    """Keep it, with what status tells of it; a session that is over is not kept. Raises StoreUnusable."""
    if not held.refresh_token:
        store.delete(SIGN_IN, who.name)
        return
    store.put(
        SIGN_IN,
        who.name,
        json.dumps({"version": _VERSION, **asdict(held)}, separators=(",", ":")),
        expires_at=held.refresh_expires_at,
        details={"identity": who.name, "user": held.user},
    )


def lock_name(name: str) -> str:
    """What whoever redeems its refresh token, or asks the person, has locked."""
    return f"{SIGN_IN} {name}"


def _from_text(text: str, bound_to: str) -> SignIn | None:
    """What `save` wrote for the same binding; None for anything torn, foreign or from the future."""
    try:
        stored = json.loads(text)
        if stored.pop("version") != _VERSION or stored["binding"] != bound_to:
            return None
        held = SignIn(**stored)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    texts = (held.user, held.subject, held.refresh_token)
    sound = all(isinstance(value, str) for value in texts)
    sound = sound and (held.refresh_expires_at is None or is_instant(held.refresh_expires_at))
    return held if sound else None


def _binding(who: Identity) -> str:
    """Name what the refresh token was asked for: with other scopes it would bring other tokens."""
    parts = [paths.config_file(), who.issuer, who.client_id, who.scopes, who.audience, who.resource, who.assertion]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]
