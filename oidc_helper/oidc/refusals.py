"""The error codes of all OAuth and OpenID Connect endpoints: our kind of error for each, and a remedy."""

from collections.abc import Mapping
from typing import Any

from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain
from oidc_helper.words import printable

# Sources: RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6, RFC 8628 section 3.5, RFC 8707.
KINDS: Mapping[str, tuple[type[OidcHelperError], str]] = {
    "access_denied": (
        Refused,
        "sign in again and agree, or ask the administrators of the identity provider for access",
    ),
    "account_selection_required": (SignInNeeded, ""),
    "consent_required": (SignInNeeded, ""),
    "expired_token": (SignInNeeded, ""),
    "interaction_required": (SignInNeeded, ""),
    "invalid_client": (Refused, "check client_id, and client_secret where the client has one"),
    "invalid_grant": (Refused, "sign in again; if that does not help, compare the client's settings at the provider"),
    "invalid_scope": (Refused, "shorten scopes to those that the identity provider allows this client"),
    "invalid_target": (Refused, "check audience and resource"),
    "login_required": (SignInNeeded, ""),
    "server_error": (TryAgain, "try again in a while"),
    "slow_down": (TryAgain, "try again in a while"),
    "temporarily_unavailable": (TryAgain, "try again in a while"),
    "unauthorized_client": (Refused, "allow the client this way to sign in at the identity provider"),
    "unsupported_grant_type": (Refused, "allow the client this way to sign in at the identity provider"),
    "unsupported_response_type": (Refused, "allow the client the authorization code flow at the identity provider"),
}
DECLINED = {"access_denied": "the sign-in was declined"}


def refusal(host: str, code: Any, description: Any = None) -> OidcHelperError:
    """Our error for a provider's error code; the message repeats the provider's own words, escaped."""
    code = code if isinstance(code, str) else "an error without a name"
    error, hint = KINDS.get(code, (Refused, "see what the identity provider logs about this sign-in"))
    words = printable(description.strip()) if isinstance(description, str) else ""
    message = f"{DECLINED.get(code, f'{host} refused')}: {printable(code)}" + (f": {words}" if words else "")
    return Refused(message, hint, code=code) if error is Refused else error(message, hint)
