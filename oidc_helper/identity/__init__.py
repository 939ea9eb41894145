"""Identity sources that need no person: their table, and the one check that every identity token goes through.

A source has three outcomes: a token, None if its file or variable does not exist, or an error if it exists but is
broken.
"""

from collections.abc import Callable, Mapping
from functools import partial

from oidc_helper import redaction
from oidc_helper.errors import SignInNeeded
from oidc_helper.identity import ci, command, environment, file
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.settings import Identity
from oidc_helper.words import printable

Fetch = Callable[[Identity, float], str | None]
"""Fetches the text of a token, by an identity's settings and within a number of seconds."""

UNATTENDED: Mapping[str, Fetch] = {
    "ci": ci.fetch,
    "command": command.fetch,
    "environment": environment.fetch,
    "file": file.fetch,
}

INTERACTIVE = frozenset({"browser", "device", "identity-center"})
"""The sources that may need a person; the room `sign_in` implements them."""


def obtain(identity: Identity, *, now: float, timeout_s: float, ca_bundle: str | None = None) -> IdentityToken:
    """Get an unexpired token from an UNATTENDED source within `timeout_s` seconds. Raises OidcHelperError.

    `ca_bundle` names certificate authorities to trust in addition to the usual ones.
    """
    place = describe(identity)
    try:
        fetch = partial(ci.fetch, ca_bundle=ca_bundle) if identity.source == "ci" else UNATTENDED[identity.source]
        raw = fetch(identity, timeout_s)
        redaction.learn(raw)
        if raw is not None:
            return parse(raw, now=now, where=place)
    except SignInNeeded as error:
        error.hint = "; ".join(filter(None, (mend(identity), error.hint)))
        raise
    raise SignInNeeded(f"there is no identity token: {place} does not exist", mend(identity))


def mend(identity: Identity) -> str:
    """The hint how to give an UNATTENDED source a new token; empty for sources where a person signs in."""
    return {
        "ci": "run it in a CI job that may ask for identity tokens",
        "command": f"let {printable(identity.command[0])} print a new identity token" if identity.command else "",
        "environment": f"set {identity.variable} to a new identity token",
        "file": f"put a new identity token into {identity.path}",
    }.get(identity.source, "")


def describe(identity: Identity) -> str:
    """The place that an UNATTENDED source takes tokens from, as a person would look for it."""
    return {
        "command": f"the output of {identity.command[0] if identity.command else 'the command'}",
        "ci": "the identity token of a CI job",
        "environment": f"the environment variable {identity.variable}",
        "file": f"the file {identity.path}",
    }[identity.source]
