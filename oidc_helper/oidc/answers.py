"""Tell tokens from refusals in a provider's answer, whatever form a refusal has (RFC 6749 section 5)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

# The standard's names, then the names that Okta, Microsoft's and Amazon's gateways, and RFC 9457 use.
_CODES = ("error", "errorCode", "code", "status")
_DESCRIPTIONS = ("error_description", "errorSummary", "errorMessage", "message", "Message", "detail", "title")


class Answer(NamedTuple):
    """An answer in JSON: its HTTP status, its members, and its Date header."""

    status: int
    document: dict[str, Any]
    date: str = ""


def read(response: Any) -> Answer:
    """Read the answer. Raises ValueError or TypeError if it is not a JSON object."""
    document = response.json()
    if not isinstance(document, dict):
        raise TypeError
    return Answer(response.status_code, document, response.headers.get("Date", ""))


def accepted(answer: Answer) -> Mapping[str, Any]:
    """The members of an answer that is not a refusal. Raises OAuthError with the code and text of a refusal.

    An `error` that is null or empty is no refusal; a status of 400 or more is one, with or without an `error`.
    """
    document = answer.document
    if answer.status < 400 and not document.get("error"):
        return document
    inner = document.get("error")
    members = document | inner if isinstance(inner, dict) else document
    code, description = (_first_text(members, names) for names in (_CODES, _DESCRIPTIONS))
    nameless = "an error without a name" if inner else f"HTTP status {answer.status}"
    raise OAuthError(error=code or nameless, description=description)


def _first_text(members: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((text for name in names if isinstance(text := members.get(name), str) and text), None)
