"""The secret of a confidential client: the settings say where it is, and never contain it."""

from oidc_helper import redaction
from oidc_helper.errors import SignInNeeded, StoreUnusable, WrongSettings
from oidc_helper.identity import command
from oidc_helper.settings import Identity
from oidc_helper.store import choice
from oidc_helper.words import printable


def resolve(identity: Identity, *, timeout_s: float, prompts: bool = False) -> str | None:
    """Fetch the secret; None for a public client. `prompts` lets the keyring ask a person. Raises OidcHelperError."""
    location = identity.client_secret
    if location is None:
        return None
    if location.command:
        place, hint = f"the client_secret command {printable(location.command[0])}", "see what it prints"
        try:
            printed = command.output(location.command, identity.name, "client_secret command", timeout_s)
        except SignInNeeded as error:  # a sign-in would need the secret too
            raise StoreUnusable(error.message, hint) from None
        secret = printed.rstrip("\r\n")
    else:
        place, hint = f"the keyring entry {location.keyring}", f"keyring set {location.keyring} oidc-helper"
        vault = choice.find(timeout_s=timeout_s, prompts=prompts)
        if vault is None:
            raise StoreUnusable("no keyring holds client_secret", "set client_secret = { command = [...] }")
        secret = vault.get(location.keyring) or ""
    if not secret:
        raise WrongSettings(f"{place} holds no client_secret", hint)
    redaction.learn(secret)
    return secret
