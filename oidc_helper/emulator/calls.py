"""HTTP calls, endpoints and answers as the services see them, and the refusal that each protocol renders."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from oidc_helper.emulator.state import State

Parameters = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - the answer of a service that works correctly
    """A service refuses a call.

    `code` is the error's name on the wire and `message` its text there; `members` are sent with them. `reason` goes to
    the request log: AWS does not give it, but the developer of an integration needs it.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        reason: str = "",
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.reason = reason or message
        self.members = dict(members or {})


@dataclass(frozen=True)
class Call:
    """A request as it arrived; `path` and `query` are still percent-encoded."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)

    def query_values(self) -> dict[str, str]:
        """The parameters of the query. Raises Refusal if one is repeated (RFC 6749 section 3.1)."""
        return single_values(self.query)

    def form(self) -> dict[str, str]:
        """The parameters of the body. Raises Refusal for another content type or a repeated parameter (section 3.2)."""
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            raise Refusal("invalid_request", "the body must be application/x-www-form-urlencoded")
        return single_values(self.body.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Answer:
    """The response to a call; `error`, `reason` and `signer` are for the request log only."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    error: str | None = None
    reason: str = ""
    signer: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """One operation of one service: `read` its parameters for the log, do its `work`, or `refuse` in its protocol."""

    service: str
    operation: str
    read: Callable[[Call], Parameters]
    work: Callable[["State", Call], Answer]
    refuse: Callable[[Refusal], Answer]


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None if it is anything else, or nested too deeply to parse."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def single_values(text: str) -> dict[str, str]:
    """The parameters of a form or query. Raises Refusal if one is repeated."""
    pairs = parse_qsl(text, keep_blank_values=True)
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Refusal("invalid_request", "a parameter is repeated")
    return values


def parameter_of(parameters: Parameters, name: str) -> Any:
    """The value of a parameter, by its name in any spelling: `grant_type` finds `grantType`."""
    return next((value for key, value in parameters.items() if plain(key) == plain(name)), None)


def plain(name: str) -> str:
    """A name reduced to what all its spellings have in common."""
    return name.replace("_", "").replace("-", "").lower()
