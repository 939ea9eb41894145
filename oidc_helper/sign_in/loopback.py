"""The loopback redirect (RFC 8252 section 7.3): a server that accepts one answer, and that nothing else disturbs.

It also redirects the browser to the provider, since every user can read the arguments of a browser's process.
"""

import asyncio
import logging
import queue
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import h11

from oidc_helper.errors import OidcHelperError, SignInNeeded
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError
from oidc_helper.sign_in import listeners, page, peer, request_head

log = logging.getLogger("oidc_helper.loopback")

_REQUEST_S = 10  # a browser sends its request at once; this ends the spare connections that it opens
_LINGER_S = 2  # for a browser to read our answer before its connection ends
_HOLD_S = 120  # the longest that the page waits for the outcome of the exchange
# Beyond that many connections, the oldest is dropped. A connection that sends at once, as a browser does, is read
# within four turns of the event loop, and each turn accepts `_ACCEPTED` more: no flood can drive it out.
_MOST_CONNECTIONS, _ACCEPTED = 128, 16
_HTTP = 80  # the port that browsers leave out of Host
_USED_TWICE = "the address that begins the sign-in was opened twice: another program may have read it"
_REASONS = {
    400: "This request cannot be understood.",
    403: "This sign-in belongs to another user of this machine.",
    404: "There is no such page.",
    405: "This is not how a sign-in is answered.",
    409: "This sign-in has been answered already.",
    421: "This server goes by another name.",
    431: "This request is too long.",
}


class _Reply(NamedTuple):
    """A status, its page (empty: the usual page of the status), and the target of a redirect."""

    status: int
    body: bytes = b""
    location: str = ""


def _no_answer(_query: str) -> Answer:
    raise ForeignAnswerError("no answer is expected")


class Loopback:
    """One redirect URI on this machine, and `start_url`, which redirects to the provider, once.

    `serve` starts the server, `wait` returns the answer to the sign-in; then call `finish`, or else `close`. `has_led`
    is set once a browser has been redirected from `start_url`.
    """

    def __init__(self, *, ports: Sequence[int] = (), host: str = listeners.IPV4, path: str) -> None:
        """Listen on the first free one of `ports` (none: any port); the redirect URI calls this machine `host`.

        Raises TryAgain.
        """
        self._sockets = listeners.listening(ports, host)
        port = self._sockets[0].getsockname()[1]
        start = f"/{secrets.token_urlsafe(32)}"
        self.redirect_uri = f"http://{host}:{port}{path}"
        self.start_url = f"http://{listeners.IPV4}:{port}{start}"
        self._path, self._start = path.encode(), start.encode()
        names = (listeners.IPV4, "localhost")
        self._hosts = {f"{name}:{port}".encode() for name in names}
        self._hosts |= {name.encode() for name in names if port == _HTTP}
        self._was_started = False
        self.has_led = threading.Event()
        self._answers: queue.SimpleQueue[Answer | OidcHelperError] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def serve(self, url: str, read: Callable[[str], Answer] = _no_answer) -> None:
        """In the background, redirect the browser to `url` and `read` the answer that it brings.

        By default no answer is expected. `read` raises ForeignAnswerError for a query that is not the expected answer.
        """
        self._url, self._read = url, read
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: log.debug("loopback: %s", context.get("message")))
        self._outcome: asyncio.Future[bytes] = self._loop.create_future()
        self._connections: dict[asyncio.Task[None], None] = {}  # the oldest first
        self._holder: asyncio.Task[None] | None = None  # the connection that brought the answer
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> Answer | None:
        """The browser's answer, whose page then waits for `finish`; None after `timeout_s`. Raises SignInNeeded."""
        try:
            answer = self._answers.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None
        if isinstance(answer, OidcHelperError):
            raise answer
        return answer

    def finish(self, error: str | None) -> None:
        """Show success or the error on the page, and end; further calls do nothing."""
        self._end(page.failed(error) if error else page.signed_in())

    def close(self) -> None:
        """Show on a waiting page that the sign-in was given up, and end; further calls do nothing."""
        self._end(page.failed("The sign-in was given up."))

    def _end(self, outcome: bytes) -> None:
        thread, self._thread = self._thread, None
        if thread:
            with suppress(RuntimeError):  # the loop is over
                self._loop.call_soon_threadsafe(self._settle, outcome)
            thread.join(4 * _LINGER_S)
        for listener in self._sockets:
            listener.close()

    def _settle(self, outcome: bytes) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        servers = [
            await asyncio.start_server(
                self._connected, sock=listener, limit=request_head.LARGEST_LINE, backlog=_ACCEPTED
            )
            for listener in self._sockets
        ]
        listeners.widen(self._sockets)  # asyncio's `backlog` limits both the queue and the connections per turn
        await self._outcome
        for server in servers:
            server.close()
        if self._holder:
            await asyncio.wait([self._holder], timeout=2 * _LINGER_S)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._connections[task] = None
        if len(self._connections) > _MOST_CONNECTIONS:
            oldest = next(other for other in self._connections if other is not self._holder)
            del self._connections[oldest]
            oldest.cancel()
        try:
            await self._converse(reader, writer, task)
        except (OSError, EOFError, TimeoutError) as error:
            log.debug("loopback: a connection ended: %s", type(error).__name__)
        finally:
            self._connections.pop(task, None)
            writer.transport.abort()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
    ) -> None:
        async with asyncio.timeout(_REQUEST_S):
            http, request = await request_head.read(reader)
        ends = (writer.get_extra_info(end)[:2] for end in ("sockname", "peername"))
        reply = self._judge(request, *ends) if isinstance(request, h11.Request) else _Reply(request)
        if reply.status == 200:
            self._holder = task
            body = page.failed("It is not known how the sign-in went.")
            with suppress(TimeoutError):
                body = await asyncio.wait_for(asyncio.shield(self._outcome), _HOLD_S)
            reply = _Reply(200, body)
        log.debug("loopback: answered with %d", reply.status)
        try:
            async with asyncio.timeout(_LINGER_S):
                writer.write(_response(http, reply))
                writer.write_eof()
                while await reader.read(request_head.LARGEST_LINE):
                    pass  # closing a connection with unread bytes resets it, and the browser would lose the answer
        finally:
            if reply.location:
                self.has_led.set()

    def _judge(self, request: h11.Request, ours: peer.Address, theirs: peer.Address) -> _Reply:
        """The reply to a request; status 200 means that it was the answer, which `wait` returns."""
        path, _, query = request.target.partition(b"?")
        if dict(request.headers).get(b"host", b"").lower() not in self._hosts:  # DNS rebinding
            return _Reply(421)
        if path not in (self._path, self._start):
            return _Reply(404)
        if request.method != b"GET":
            return _Reply(405)
        if peer.is_foreign(ours, theirs):
            return _Reply(403)
        if self._is_over:
            return _Reply(409)
        return self._started() if path == self._start else self._answered(query.decode("ascii"))

    def _started(self) -> _Reply:
        """Redirect to the provider once: if two open the address, the other may have been first, and may answer."""
        if self._was_started:
            self._is_over = True
            self._answers.put(SignInNeeded(_USED_TWICE))
            return _Reply(409, page.failed(f"{_USED_TWICE.capitalize()}."))
        self._was_started = True
        return _Reply(303, location=self._url)

    def _answered(self, query: str) -> _Reply:
        try:
            answer = self._read(query)
        except ForeignAnswerError as error:
            return _Reply(400, page.ignored(f"This is not the answer to the sign-in that waits here: {error}."))
        self._is_over = True
        self._answers.put(answer)
        return _Reply(200)


def _response(http: h11.Connection, reply: _Reply) -> bytes:
    body = b"" if reply.location else reply.body or page.ignored(_REASONS[reply.status])
    headers = [*page.HEADERS, ("Content-Length", str(len(body))), ("Connection", "close")]
    if reply.status == 405:
        headers.append(("Allow", "GET"))
    if reply.location:
        headers.append(("Location", reply.location))
    return (http.send(h11.Response(status_code=reply.status, headers=headers)) or b"") + body
