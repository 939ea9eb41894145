"""The secret of a confidential client, from where the settings say that it is kept; never from the settings."""

from dataclasses import replace

from oidc_helper.errors import StoreUnusable, WrongSettings
from oidc_helper.identity import command
from oidc_helper.settings import Identity
from oidc_helper.store import choice


def resolve(identity: Identity, *, timeout_s: float, prompts: bool = False) -> str | None:
    """Fetch it; None for a public client. `prompts` lets the keyring ask a person. Raises OidcHelperError."""
    kept = identity.client_secret
    if kept is None:
        return None
    if kept.command:
        secret = (command.fetch(replace(identity, command=kept.command), timeout_s) or "").rstrip("\r\n")
        place, hint = f"the command {kept.command[0]}", "see what it prints"
    else:
        place, hint = f"the keyring entry {kept.keyring}", f"keyring set {kept.keyring} oidc-helper"
        found = choice.find(timeout_s=timeout_s, prompts=prompts)
        if found is None:
            raise StoreUnusable("no keyring holds client_secret", "set client_secret = { command = [...] }")
        secret = found.get(kept.keyring) or ""
    if not secret:
        raise WrongSettings(f"{place} holds no client_secret", hint)
    return secret
