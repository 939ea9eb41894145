"""The authorization request and the only answer that belongs to it (RFC 6749 section 4.1, RFC 7636, RFC 9207)."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.words import printable


@dataclass(frozen=True)
class Request:
    """An authorization request. Only `issuer` may answer it, and must add `iss` if `must_name_itself`.

    `url` holds the secrets `state` and `nonce`: never pass it as an argument of a program.
    """

    url: str = field(repr=False)
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    issuer: str = ""
    must_name_itself: bool = False


@dataclass(frozen=True)
class Answer:
    """The answer to the request: a code, an error of the provider, or the `fault` that makes it useless."""

    code: str = field(default="", repr=False)
    error: str = ""
    description: str = ""
    fault: str = ""


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
    """Make a request with a new state and PKCE verifier, and with a nonce if there is an issuer to repeat it."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    redaction.learn(state, nonce, verifier)
    further = {"nonce": nonce} | dict(parameters) if issuer else dict(parameters)
    client = OAuth2Client(None, client_id, redirect_uri=redirect_uri, code_challenge_method="S256")
    url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, **further)
    return Request(url, client_id, redirect_uri, state, nonce, verifier, issuer, must_name_itself)


def read(request: Request, query: str) -> Answer:
    """Read the query of the redirect, without its `?`. Raises ForeignAnswerError if it lacks our state.

    A query with our state is the answer, whatever else it holds: only the provider's page knows the state.
    """
    answer = parse_qs(query, keep_blank_values=True, errors="replace")
    states = answer.get("state", [""])
    if not any(hmac.compare_digest(state.encode(), request.state.encode()) for state in states):
        raise ForeignAnswerError("it belongs to another sign-in" if any(states) else "it has no state")
    if fault := _fault(request, answer):
        return Answer(fault=fault)
    code, error, description = (answer.get(name, [""])[0] for name in ("code", "error", "error_description"))
    redaction.learn(code)
    return Answer(code, error, description)


def _fault(request: Request, answer: Mapping[str, list[str]]) -> str:
    """Why an answer cannot be used; empty if it can (RFC 9207 section 2.4, RFC 6749 section 4.1.2)."""
    issuers = answer.get("iss", [""] if request.must_name_itself else [])
    foreign = next((issuer for issuer in issuers if issuer != request.issuer), None)
    if request.issuer and foreign is not None:
        named = f"{printable(foreign)!r}" if foreign else "nobody"
        return f"it comes from {named} and not from {request.issuer!r}"
    codes, errors = (set(answer.get(name, [])) - {""} for name in ("code", "error"))
    faults = (
        (len(codes) > 1, "it has two codes"),
        (codes and errors, "it has a code and an error"),
        (not codes and not errors, "it has neither a code nor an error"),
        (any("\ufffd" in code for code in codes), "its code cannot be read"),
    )
    return next((fault for holds, fault in faults if holds), "")
