"""The authorization request and the only answer that belongs to it (RFC 6749 section 4.1, RFC 7636, RFC 9207)."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.words import printable


@dataclass(frozen=True)
class Request:
    """An authorization request. Only `issuer` may answer it, and has to add `iss` where it `must_name_itself`."""

    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    issuer: str = ""
    must_name_itself: bool = False


@dataclass(frozen=True)
class Answer:
    """The answer to the request: either a code or an error."""

    code: str = field(default="", repr=False)
    error: str = ""
    description: str = ""


class ForeignAnswerError(Exception):
    """The answer does not belong to this request; the text tells the person why."""


def begin(  # noqa: PLR0913 - the parts of a request
    endpoint: str,
    client_id: str,
    redirect_uri: str,
    *,
    issuer: str = "",
    must_name_itself: bool = False,
    parameters: Mapping[str, str],
) -> Request:
    """Make a request with a new state and PKCE verifier, and a nonce where there is an issuer to repeat it."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    redaction.learn(state, nonce, verifier)
    further = {"nonce": nonce} | dict(parameters) if issuer else dict(parameters)
    client = OAuth2Client(None, client_id, redirect_uri=redirect_uri, code_challenge_method="S256")
    url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, **further)
    return Request(url, redirect_uri, state, nonce, verifier, issuer, must_name_itself)


def read(request: Request, query: str) -> Answer:
    """Read the query of the redirect, without its `?`. Raises ForeignAnswerError."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise ForeignAnswerError("it cannot be read") from None
    answer = dict(pairs)
    if len(answer) < len(pairs):  # RFC 6749 section 3.1
        raise ForeignAnswerError("it says something twice")
    if not hmac.compare_digest(answer.get("state", "").encode(), request.state.encode()):
        raise ForeignAnswerError("it belongs to another sign-in" if answer.get("state") else "it has no state")
    issuer = answer.get("iss")
    if request.issuer and (issuer is not None or request.must_name_itself) and issuer != request.issuer:
        named = f"{printable(issuer)!r}" if issuer else "nobody"
        raise ForeignAnswerError(f"it comes from {named} and not from {request.issuer!r}")
    code, error = answer.get("code", ""), answer.get("error", "")
    if bool(code) == bool(error):
        raise ForeignAnswerError("it has neither a code nor an error" if not code else "it has a code and an error")
    redaction.learn(code)
    return Answer(code, error, answer.get("error_description", ""))
