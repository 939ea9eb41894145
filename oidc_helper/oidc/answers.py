"""Tell tokens from refusals in a provider's answer, whatever form a refusal has (RFC 6749 section 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

# The standard's names, then those of Okta, Microsoft's and Amazon's gateways, and RFC 9457.
_CODES = ("error", "errorCode", "code", "status")
_WORDS = ("error_description", "errorSummary", "errorMessage", "message", "Message", "detail", "title")


class Answer(NamedTuple):
    """An answer in JSON: its HTTP status, its members, and its Date header."""

    status: int
    document: dict[str, Any]
    date: str = ""


def read(response: Any) -> Answer:
    """Read the answer. Raises ValueError and TypeError where it is no JSON object."""
    document = response.json()
    if not isinstance(document, dict):
        raise TypeError
    return Answer(response.status_code, document, response.headers.get("Date", ""))


def accepted(answer: Answer) -> Mapping[str, Any]:
    """The members of an answer that is no refusal. Raises OAuthError with what a refusal says.

    An `error` that is null or empty refuses nothing; a status of 400 or more does, with or without an `error`.
    """
    document = answer.document
    if answer.status < 400 and not document.get("error"):
        return document
    inner = document.get("error")
    told = document | inner if isinstance(inner, dict) else document
    code = next((told[name] for name in _CODES if isinstance(told.get(name), str) and told[name]), None)
    words = next((told[name] for name in _WORDS if isinstance(told.get(name), str) and told[name]), None)
    nameless = "an error without a name" if inner else f"HTTP status {answer.status}"
    raise OAuthError(error=code or nameless, description=words)
