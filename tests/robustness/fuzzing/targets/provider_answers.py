"""Answers of an identity provider; the first byte chooses the request."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from oidc_helper.oidc import connection, device, grants
from oidc_helper.oidc.authorization import Request
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import Provider, discover
from oidc_helper.oidc.verification import verify
from robustness.fuzzing.targets import ODD, ours

_ISSUER = "https://login.example.com"
_PROVIDER = Provider(
    _ISSUER,
    f"{_ISSUER}/token",
    f"{_ISSUER}/keys",
    f"{_ISSUER}/authorize",
    f"{_ISSUER}/device",
    f"{_ISSUER}/revoke",
    authentications=("none",),
)
_CLIENT = Client("native")
_REQUEST = Request(f"{_ISSUER}/authorize", "http://127.0.0.1:5/callback", "state", "nonce", "verifier", _ISSUER)
_HEADER = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ"  # {"alg":"RS256","kid":"1"}


def _verified(token: str) -> object:
    return verify(token, _PROVIDER, _CLIENT, nonce="nonce", access_token="a", date="", now=1_000, timeout_s=5)


_QUESTIONS: Mapping[str, Callable[[bytes], object]] = {
    "discovery": lambda _: discover(_ISSUER, client=_CLIENT, timeout_s=5),
    "code": lambda _: grants.redeem_code(_PROVIDER, _CLIENT, _REQUEST, "code", timeout_s=5),
    "refresh": lambda _: grants.refresh(_PROVIDER, _CLIENT, "refresh", timeout_s=5),
    "revocation": lambda _: grants.revoke(_PROVIDER, _CLIENT, "refresh", timeout_s=5),
    "keys": lambda _: _verified(f"{_HEADER}.e30.c2ln"),
    "ID token": lambda data: _verified(data.decode("latin-1")),
    "device": lambda _: device.begin(_PROVIDER, _CLIENT, timeout_s=5),
}
_NAMES = tuple(_QUESTIONS)


def seeds() -> list[bytes]:
    """Sound answers, and answers with something odd in every place."""
    odd: list[Any] = [*ODD, 5, None, [], {}, [{}], True]
    discovery = {
        "issuer": _ISSUER,
        "token_endpoint": f"{_ISSUER}/t",
        "jwks_uri": f"{_ISSUER}/k",
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    token = {"access_token": "a", "token_type": "Bearer", "id_token": "i", "refresh_token": "r", "expires_in": 1}
    error = {"error": "invalid_grant", "error_description": "x"}
    keys = {"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}
    code = {"device_code": "d", "user_code": "u", "verification_uri": f"{_ISSUER}/d", "expires_in": 600, "interval": 5}
    documents = (
        (0, discovery),
        (1, token),
        (2, error),
        (2, token),
        (3, error),
        (4, keys),
        (4, keys["keys"][0]),
        (6, code),
        (6, error),
    )
    made = [(number, {**document, name: value}) for number, document in documents for name in document for value in odd]
    made += [(4, {"keys": [{**keys["keys"][0], name: value}]}) for name in keys["keys"][0] for value in odd]
    whole = [bytes([number]) + json.dumps(document).encode() for number, document in [*documents, *made]]
    return [*whole, b"\x05" + f"{_HEADER}.e30.c2ln".encode(), b"\x05a.b.c"]


def target(data: bytes) -> None:
    """The answer becomes an error that can be shown, or a result of the right type."""
    name, body = _NAMES[(data or b"\0")[0] % len(_NAMES)], data[1:]
    status = 400 if b'"error"' in body else 200
    answers = httpx2.MockTransport(
        lambda _: httpx2.Response(status, headers={"Content-Type": "application/json"}, content=body)
    )
    usual = connection._session

    def session(*words: Any) -> Any:
        made = usual(*words)
        made._transport, made._mounts = answers, {}
        return made

    connection._session = session  # type: ignore[assignment]  # with our answers
    try:
        with ours():
            _QUESTIONS[name](body)
            assert name not in ("keys", "ID token"), "no key has signed that"
    finally:
        connection._session = usual
