"""Split long lists into pages, each with the token of the next."""

import base64
import binascii
from typing import Any

from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.settings.limits import limits

# The names that services use for the page size and the next token.
_CAMEL = ("maxResults", "nextToken")
_PASCAL = ("MaxResults", "NextToken")
_IAM = ("MaxItems", "Marker")


def page(  # noqa: PLR0913 - the services differ in these
    name: str, items: list[Any], parameters: Parameters, *, invalid: str, most: int | None = None, of_iam: bool = False
) -> Parameters:
    """One page of the items, with the token of the next if there is one. Raises Refusal with the code `invalid`.

    `most` is the largest page size; the default is the portal's, since account access manager documents none. IAM has
    parameter names of its own, and says whether there are more items.
    """
    size_name, token_name = _IAM if of_iam else _PASCAL if name[0].isupper() else _CAMEL
    start = _position(parameters[token_name], invalid) if token_name in parameters else 0
    largest = most or limits("sso", "ListAccounts", "maxResults").most or len(items)
    size = min(parameters.get(size_name, largest), largest)
    if size < 1:
        raise Refusal(invalid, "the largest number of results is not positive")
    end = start + size
    answer: Parameters = {name: items[start:end]}
    if end < len(items):
        answer[token_name] = base64.urlsafe_b64encode(f"after {end}".encode()).decode()
    return answer | ({"IsTruncated": end < len(items)} if of_iam else {})


def _position(token: str, invalid: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after "))
    except (binascii.Error, ValueError) as error:
        raise Refusal(invalid, "the next token is invalid") from error
