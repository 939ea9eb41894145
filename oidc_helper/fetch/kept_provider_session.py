"""Load and save the provider session of one identity: a refresh token, which serves all its applications."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from oidc_helper import names
from oidc_helper.machine.clock import is_instant
from oidc_helper.settings import Identity
from oidc_helper.store.kinds import SIGN_IN
from oidc_helper.store.store import Store

_VERSION = 1


@dataclass(frozen=True)
class ProviderSession:
    """A user's session at the identity provider; `binding` names its settings: under other settings it is a miss.

    `user` is for people to read, `subject` is the provider's own name for that user. `refresh_expires_at` is in epoch
    seconds, None if the provider did not say.
    """

    binding: str
    user: str = ""
    subject: str = ""
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: int | None = None


def load(identity: Identity, store: Store) -> ProviderSession:
    """The session kept for the identity under its present settings, or else an empty one. Raises StoreUnusable."""
    binding = _binding(identity)
    text = store.get(SIGN_IN, identity.name)
    return (text and _from_text(text, binding)) or ProviderSession(binding)


def save(identity: Identity, session: ProviderSession, store: Store) -> None:
    """Keep the session, with the details that status shows; delete one that is over. Raises StoreUnusable."""
    if not session.refresh_token:
        store.delete(SIGN_IN, identity.name)
        return
    store.put(
        SIGN_IN,
        identity.name,
        json.dumps({"version": _VERSION, **asdict(session)}, separators=(",", ":")),
        expires_at=session.refresh_expires_at,
        details={"identity": identity.name, "user": session.user},
    )


def lock_name(identity: str) -> str:
    """The name of the lock for redeeming or replacing the identity's refresh token."""
    return f"{SIGN_IN} {identity}"


def failure_name(identity: str) -> str:
    """The name under which the failure of a sign-in is noted; no profile can have it."""
    return f"sign-in:{identity}"


def _from_text(text: str, binding: str) -> ProviderSession | None:
    """The session that `save` wrote for the same binding; None for anything torn, foreign or from the future."""
    try:
        stored = json.loads(text)
        if stored.pop("version") != _VERSION or stored["binding"] != binding:
            return None
        session = ProviderSession(**stored)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    texts = (session.user, session.subject, session.refresh_token)
    is_sound = all(isinstance(text, str) for text in texts)
    is_sound = is_sound and (session.refresh_expires_at is None or is_instant(session.refresh_expires_at))
    return session if is_sound else None


def _binding(identity: Identity) -> str:
    """A digest of the settings of the sign-in: under others the refresh token would bring other tokens."""
    parts: list[object] = [names.configuration(), identity.issuer, identity.client_id, identity.scopes]
    parts += [identity.audience, identity.resource, identity.assertion]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]
