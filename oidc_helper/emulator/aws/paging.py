"""Long lists in pages, each with the token of the next."""

import base64
import binascii
from typing import Any

from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.settings.limits import limits


def page(name: str, items: list[dict[str, Any]], asked: Parameters, *, invalid: str) -> Parameters:
    """One page of the items, with the token of the next if there is one. Raises Refusal with the code `invalid`."""
    start = _position(asked["nextToken"], invalid) if "nextToken" in asked else 0
    # The portal's largest page; that of account access manager is not documented.
    size = asked.get("maxResults") or limits("sso", "ListAccounts", "maxResults").most or len(items)
    if size < 1:
        raise Refusal(invalid, "the largest number of results is not positive")
    end = start + size
    answer: Parameters = {name: items[start:end]}
    if end < len(items):
        answer["nextToken"] = base64.urlsafe_b64encode(f"after {end}".encode()).decode()
    return answer


def _position(token: str, invalid: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after "))
    except (binascii.Error, ValueError) as error:
        raise Refusal(invalid, "the next token is invalid") from error
