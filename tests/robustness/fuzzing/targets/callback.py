"""Requests of a web page, or of another program, to the port where a sign-in waits."""

import asyncio
import queue
from functools import partial
from urllib.parse import urlencode

import h11

from oidc_helper.oidc import authorization
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError, Request
from oidc_helper.sign_in import loopback
from oidc_helper.sign_in.loopback import Loopback
from robustness.fuzzing.targets import ODD

_ISSUER = "https://login.example.com"
_REQUEST = Request(
    "https://login.example.com/authorize",
    "http://127.0.0.1:5/callback",
    "s" * 43,
    "n",
    "v",
    _ISSUER,
    must_name_itself=True,
)
_RIGHT = {"state": "s" * 43, "code": "right", "iss": _ISSUER}


def _asked(target: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", *(headers or ("Host: 127.0.0.1:5",)), "", "")).encode(
        "utf-8", "replace"
    )


def seeds() -> list[bytes]:
    """The right callback, and callbacks with something odd in each place."""
    changed = [{**_RIGHT, name: odd[:900]} for name in _RIGHT for odd in ODD if odd != "\ud800"]
    return [
        _asked(f"/callback?{urlencode(_RIGHT)}"),
        *(_asked(f"/callback?{urlencode(query)}") for query in changed),
        _asked(f"/callback?{urlencode(_RIGHT)}", "Host: evil.example"),
        _asked(f"/callback?{urlencode(_RIGHT)}&state=x"),
        _asked(f"/callback?{urlencode({**_RIGHT, 'error': 'x'})}"),
        _asked("/callback", "Host: 127.0.0.1:5", "Host: evil.example"),
        _asked("/callback", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST"),
        b"GET /callback?\xff HTTP/1.1\r\nHost: 127.0.0.1:5\r\n\r\n",
    ]


def target(data: bytes) -> None:
    """Every request is answered, and accepted only with the state and our host name."""
    waiting = Loopback.__new__(Loopback)
    waiting._path, waiting._hosts, waiting._holder = b"/callback", {b"127.0.0.1:5", b"localhost:5"}, None
    waiting._answers = queue.SimpleQueue()
    waiting._read = partial(authorization.read, _REQUEST)
    try:
        http, request = asyncio.run(_received(data))
    except EOFError:
        return
    status, body = (request, b"") if isinstance(request, int) else waiting._judge(request)
    assert status in {200, *loopback._REASONS}
    assert loopback._response(http, status, body or b"page").startswith(b"HTTP/1.1 %d" % status)
    assert body.isascii() or body.decode()
    assert b"\x1b" not in body
    if status == 200:
        answer = waiting._answers.get_nowait()
        assert not isinstance(request, int)
        assert b"s" * 43 in request.target
        assert bool(answer.code) != bool(answer.error)
    assert waiting._answers.empty()
    _query(data)


def _query(data: bytes) -> None:
    """The same function reads an address that a person pastes."""
    try:
        answer = authorization.read(_REQUEST, data.decode("utf-8", "replace"))
    except ForeignAnswerError as error:
        reason = str(error)
    else:
        reason = ""
        assert isinstance(answer, Answer)
        assert b"s" * 43 in data
    assert reason.isprintable()


async def _received(data: bytes) -> tuple[h11.Connection, h11.Request | int]:
    reader = asyncio.StreamReader(limit=loopback._LARGEST_HEAD)
    reader.feed_data(data)
    reader.feed_eof()
    return await loopback._request(reader)
