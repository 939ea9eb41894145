"""What the values of the keys may be that belong to a person's sign-in at an OpenID provider."""

from oidc_helper.settings.checks import UnfitError, matching, text
from oidc_helper.settings.wording import kind, shown

# Set by the flow itself, or by a key of their own.
_RESERVED = frozenset(
    {
        "audience",
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "scopes",
        "state",
    }
)

redirect_path = matching(r"/[A-Za-z0-9._~/-]{0,200}", "a path such as /oidc-helper/callback")
resource = matching(r"[A-Za-z][A-Za-z0-9+.-]*:[!-\"$-~]+", "a URI such as https://api.example.com/")  # RFC 8707


def parameters(value: object) -> dict[str, str]:
    """A table of strings that may go with an authorization request."""
    if not isinstance(value, dict):
        raise UnfitError(f'must be a table such as {{ prompt = "consent" }}, not {kind(value)}')
    for name, given in value.items():
        if name in _RESERVED:
            raise UnfitError(f"must not set {name}, which is not free to choose or has a key of its own")
        try:
            text(given)
        except UnfitError as error:
            raise UnfitError(f"{shown(name)} {error}") from None
    return value


def ports(value: object) -> tuple[int, ...]:
    """A list of TCP ports."""
    if not isinstance(value, list) or not value:
        raise UnfitError("must be a list of ports such as [8400, 8401]")
    for port in value:
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65_535:
            raise UnfitError("must be a list of integers from 1 to 65535")
    return tuple(value)
