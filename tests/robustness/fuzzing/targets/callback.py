"""Requests of a web page, or of another program, to the port where a sign-in waits."""

import asyncio
import queue
from functools import partial
from urllib.parse import unquote_to_bytes, urlencode

import h11

from oidc_helper.oidc import authorization
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError, Request
from oidc_helper.sign_in import loopback, request_head
from oidc_helper.sign_in.loopback import Loopback
from robustness.fuzzing.targets import ODD

_ISSUER = "https://login.example.com"
_REQUEST = Request(
    "https://login.example.com/authorize",
    "a-client",
    "http://127.0.0.1:5/callback",
    "s" * 43,
    "n",
    "v",
    _ISSUER,
    must_name_itself=True,
)
_OURS, _THEIRS = ("127.0.0.1", 5), ("127.0.0.1", 6)
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
    waiting._path, waiting._start, waiting._hosts = b"/callback", b"/start", {b"127.0.0.1:5", b"localhost:5"}
    waiting._was_started = waiting._is_over = False
    waiting._url = _REQUEST.url
    waiting._answers = queue.SimpleQueue()
    waiting._read = partial(authorization.read, _REQUEST)
    try:
        http, request = asyncio.run(_received(data))
    except EOFError:
        return
    reply = loopback._Reply(request) if isinstance(request, int) else waiting._judge(request, _OURS, _THEIRS)
    assert reply.status in {200, 303, *loopback._REASONS}
    page = reply._replace(body=reply.body or b"page")
    assert loopback._response(http, page).startswith(b"HTTP/1.1 %d" % reply.status)
    assert reply.body.isascii() or reply.body.decode()
    assert b"\x1b" not in reply.body
    if reply.status == 200:
        answer = waiting._answers.get_nowait()
        assert not isinstance(request, int)
        assert b"s" * 43 in unquote_to_bytes(request.target)
        assert isinstance(answer, Answer)
        assert [bool(answer.code), bool(answer.error), bool(answer.fault)].count(True) == 1
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
        assert b"s" * 43 in unquote_to_bytes(data)
    assert reason.isprintable()


async def _received(data: bytes) -> tuple[h11.Connection, h11.Request | int]:
    reader = asyncio.StreamReader(limit=request_head.LARGEST_LINE)
    reader.feed_data(data)
    reader.feed_eof()
    return await request_head.read(reader)
