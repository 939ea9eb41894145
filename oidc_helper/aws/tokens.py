"""The tokens record: Identity Center's answer for one identity and application, and all that refreshing it needs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from oidc_helper.aws.credentials import Credentials
from oidc_helper.machine.clock import is_instant

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
PORTAL_SCOPE = "sso:account:access"  # what opens the access portal
_VERSION = 1
_ABOUT_TO_EXPIRE_S = 60  # an access token with less left may die on its way


@dataclass(frozen=True)
class Tokens:
    """The result of one sign-in; times in epoch seconds, secrets kept out of the repr.

    `binding` names the settings that the tokens belong to: under other settings they are a miss. `user` is the name of
    the person who signed in, for people to read, `subject` the same for comparing. `region` issued the tokens, and may
    be the only one that takes them, as InvalidRequestRegionException says. `requested` are the scopes asked for (none:
    all of the application), `scope` those granted. `identity_token` is the last one seen: it opens the caller's role
    until it expires, though it has been exchanged. `caller` are the credentials of `caller_role`.
    """

    binding: str
    user: str = ""
    subject: str = ""
    access_token: str = field(default="", repr=False)
    access_expires_at: int = 0
    requested: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    identity_context: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    identity_token_expires_at: int = 0
    caller: Credentials | None = None
    caller_role: str = ""
    region: str = ""

    def access_alive(self, now: float) -> bool:
        """Whether the access token, and with it the identity context, can still be used."""
        return bool(self.access_token) and self.access_expires_at - now > _ABOUT_TO_EXPIRE_S

    def covers(self, scopes: tuple[str, ...]) -> bool:
        """Whether the granted scopes are enough for a profile with `scopes` (none: all of the application)."""
        return set(scopes) <= set(self.scope) if scopes else not self.requested

    def without_access(self) -> "Tokens":
        """These tokens after the access token was refused."""
        return replace(self, access_token="", access_expires_at=0, identity_context="")

    def without_context(self) -> "Tokens":
        """These tokens after the identity context was refused; the access token can still be used."""
        return replace(self, identity_context="")

    def to_text(self) -> str:
        """The record's text."""
        return json.dumps({"version": _VERSION, **asdict(self)}, separators=(",", ":"))


def from_text(text: str, *, binding: str) -> Tokens | None:
    """The tokens that `to_text` wrote for the same binding; None for anything torn, foreign or from the future."""
    try:
        stored = json.loads(text)
        if stored.pop("version") != _VERSION or stored["binding"] != binding:
            return None
        if stored["caller"] is not None:
            stored["caller"] = Credentials(**stored["caller"])
        stored |= {name: tuple(stored[name]) for name in ("requested", "scope")}
        tokens = Tokens(**stored)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return tokens if _well_typed(tokens) else None


def _well_typed(tokens: Tokens) -> bool:
    defaults = Tokens(binding="")
    kinds = all(
        isinstance(getattr(tokens, part.name), type(getattr(defaults, part.name)))
        for part in fields(tokens)
        if part.name != "caller"
    )
    return (
        kinds
        and all(isinstance(scope, str) for scope in tokens.requested + tokens.scope)
        and all(map(is_instant, (tokens.access_expires_at, tokens.identity_token_expires_at)))
        and (tokens.caller is None or tokens.caller.well_typed)
    )


def from_answer(before: Tokens, answer: Mapping[str, Any], *, requested: tuple[str, ...], now: float) -> Tokens:
    """The tokens after CreateTokenWithIAM answered; the answer also has the `region` that gave it.

    An answer without a refresh token means that it did not rotate: the previous one stays.
    """
    details = answer.get("awsAdditionalDetails") or {}
    return replace(
        before,
        region=answer.get("region", ""),
        access_token=answer.get("accessToken", ""),
        access_expires_at=int(now + answer.get("expiresIn", 0)),
        requested=requested,
        scope=tuple(answer.get("scope") or requested),
        identity_context=details.get("identityContext", ""),
        id_token=answer.get("idToken", ""),
        refresh_token=answer.get("refreshToken") or before.refresh_token,
    )
