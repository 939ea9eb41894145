"""The application, asked without a connection: what the time of an answer could tell of a token."""

import asyncio
import hmac
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from oidc_helper.serve import answers
from oidc_helper.serve.app import Served, application
from oidc_helper.serve.metrics import Metrics

RIGHT = "Xk3v0Jq-of-the-profile"
SENT = {
    "right": RIGHT,
    "wrong": RIGHT[::-1],
    "first": f"x{RIGHT[1:]}",
    "short": RIGHT[:4],
    "long": RIGHT * 2,
    "empty": "",
}


class Sealed(bytes):
    """Bytes that tell nobody whether they are equal to others."""

    def __eq__(self, _other: object) -> NoReturn:
        raise AssertionError("compared in a time that tells how much is right")

    __ne__ = startswith = __contains__ = __eq__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Token(str):
    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return Sealed(super().encode())


@pytest.mark.parametrize("kind", [*SENT, "none"])
def test_a_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """By the one function that takes equally long, once for each request, and by nothing else."""
    true, compared = hmac.compare_digest, list[bytes]()

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(bytes(one))
        return true(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    keeper: Any = SimpleNamespace(answer=lambda _: answers.text(b"credentials"))
    sent = SENT.get(kind)

    assert _status(Served(keeper, Token(RIGHT)), sent) == (200 if sent == RIGHT else 401)
    assert compared == [(sent or "").encode()]


def _status(served: Served, token: str | None) -> int:
    headers = [(b"host", b"127.0.0.1"), *([(b"authorization", token.encode())] if token is not None else [])]
    scope = {"method": "GET", "path": "/v1/credentials/analytics", "headers": headers, "server": ("127.0.0.1", 80)}
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        await application({"analytics": served}, Metrics([]))(scope, None, send)

    asyncio.run(ask())
    return int(sent[0]["status"])
