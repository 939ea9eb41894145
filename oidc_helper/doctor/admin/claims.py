"""Read the claims of the person's identity token from a file that the administrator has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oidc_helper.errors import WrongSettings
from oidc_helper.identity import token
from oidc_helper.words import printable

_LARGEST = 65_536  # bytes


def read(path: str) -> Mapping[str, Any]:
    """The claims in a file that holds them as a JSON object, or the identity token itself. Raises WrongSettings."""
    shown = printable(path)
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LARGEST + 1).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise WrongSettings(f"--claims {shown} cannot be read: {reason}", "name a file with the claims") from None
    claims = token.unverified_claims(text.strip()) or _json_object(text)
    if not claims or len(text) > _LARGEST:
        raise WrongSettings(
            f"--claims {shown} holds neither a JSON object nor a JWT",
            "put the claims of the identity token into it, as in "
            '{"iss": "https://idp.example.com", "aud": "CLIENT_ID", "email": "alice@example.com"}',
        )
    return claims


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
