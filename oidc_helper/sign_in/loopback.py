"""The loopback redirect (RFC 8252 section 7.3): a server that takes one answer, and that nothing else disturbs."""

import asyncio
import logging
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import h11

from oidc_helper.errors import SignInNeeded, TryAgain
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError
from oidc_helper.sign_in import page

log = logging.getLogger("oidc_helper.loopback")

_ADDRESS = "127.0.0.1"
_LARGEST_HEAD = 16_384  # bytes up to the blank line; some providers' codes have 2,000 characters
_REQUEST_S = 10  # a browser sends at once; this ends the spare connections that it opens
_LINGER_S = 2  # for a browser to read our answer before its connection ends
_HOLD_S = 120  # the longest that the page waits for the outcome of the exchange
# Beyond so many connections the oldest is dropped. A connection that sends at once, as a browser's does, is read within
# four turns of the event loop, and each turn accepts `_ACCEPTED` more: no flood can drive it out.
_MOST_CONNECTIONS, _ACCEPTED = 128, 16
_QUEUED = 1_024  # in the kernel; a connection that finds no room there is only tried again after a second
_REASONS = {
    400: "This request cannot be understood.",
    404: "There is no such page.",
    405: "This is not how a sign-in is answered.",
    409: "This sign-in has been answered already.",
    421: "This server goes by another name.",
    431: "This request is too long.",
}


class Loopback:
    """One redirect URI on this machine; it is bound at once, and `serve` begins to listen.

    `wait` gets the answer; then `finish`, or in any case `close`, ends everything.
    """

    def __init__(self, *, ports: Sequence[int] = (0,), host: str = _ADDRESS, path: str) -> None:
        """Bind the first free one of `ports` (0: any); the redirect URI names this machine `host`. Raises TryAgain."""
        self._socket = _bound(ports or (0,))
        port = self._socket.getsockname()[1]
        self.redirect_uri = f"http://{host}:{port}{path}"
        self._path = path.encode()
        self._hosts = {f"{name}:{port}".encode() for name in (_ADDRESS, "localhost")}
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def serve(self, read: Callable[[str], Answer]) -> None:
        """Answer in the background; `read` raises ForeignAnswerError for a query that is not the awaited answer."""
        self._read = read
        self._socket.listen(_QUEUED)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: log.debug("loopback: %s", context.get("message")))
        self._outcome: asyncio.Future[bytes] = self._loop.create_future()
        self._connections: dict[asyncio.Task[None], None] = {}  # the oldest first
        self._holder: asyncio.Task[None] | None = None  # the connection that brought the answer
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> Answer:
        """The answer; from now on its page waits for `finish`. Raises SignInNeeded after `timeout_s`."""
        try:
            return self._answers.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            raise SignInNeeded("nobody finished the sign-in in the browser in time") from None

    def finish(self, error: str | None) -> None:
        """Let the page say that the sign-in has worked, or show the error, and end; further calls do nothing."""
        self._end(page.failed(error) if error else page.signed_in())

    def close(self) -> None:
        """End as given up; further calls do nothing."""
        self._end(page.failed("The sign-in was given up."))

    def _end(self, outcome: bytes) -> None:
        thread, self._thread = self._thread, None
        if thread:
            with suppress(RuntimeError):  # the loop is over
                self._loop.call_soon_threadsafe(self._settle, outcome)
            thread.join(4 * _LINGER_S)
        self._socket.close()

    def _settle(self, outcome: bytes) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket, limit=_LARGEST_HEAD, backlog=_ACCEPTED)
        self._socket.listen(_QUEUED)  # asyncio has one number for the queue and for what it accepts in a turn
        await self._outcome
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
            http, request = await _request(reader)
        status, body = self._judge(request) if isinstance(request, h11.Request) else (request, b"")
        if status == 200:
            self._holder = task
            with suppress(TimeoutError):
                body = await asyncio.wait_for(asyncio.shield(self._outcome), _HOLD_S)
            body = body or page.failed("It is not known how the sign-in went.")
        log.debug("loopback: answered with %d", status)
        async with asyncio.timeout(_LINGER_S):
            writer.write(_response(http, status, body or page.ignored(_REASONS[status])))
            writer.write_eof()
            while await reader.read(_LARGEST_HEAD):
                pass  # closing a connection with unread bytes would reset it, and lose the answer

    def _judge(self, request: h11.Request) -> tuple[int, bytes]:
        """The status, and the page where the status has no usual one; 200 for the answer, which `wait` gets."""
        path, _, query = request.target.partition(b"?")
        if dict(request.headers).get(b"host", b"").lower() not in self._hosts:  # DNS rebinding
            return 421, b""
        if path != self._path:
            return 404, b""
        if request.method != b"GET":
            return 405, b""
        if self._holder:
            return 409, b""
        try:
            answer = self._read(query.decode("ascii"))
        except ForeignAnswerError as error:
            return 400, page.ignored(f"This is not the answer to the sign-in that waits here: {error}.")
        self._answers.put(answer)
        return 200, b""


def _bound(ports: Sequence[int]) -> socket.socket:
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # Windows lets other programs bind the same port unless they are excluded; other systems do not.
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR), 1)
            listener.bind((_ADDRESS, port))
        except OSError:
            listener.close()
        else:
            return listener
    names = ", ".join(map(str, ports))
    raise TryAgain(
        f"cannot listen on {_ADDRESS}: {f'the ports {names} are' if ports[1:] else f'port {names} is'} taken",
        "end what listens there, or name more in redirect_ports",
    )


async def _request(reader: asyncio.StreamReader) -> tuple[h11.Connection, h11.Request | int]:
    """The request's head, or the status that refuses it. Raises EOFError where it stays incomplete."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
    try:
        http.receive_data(await reader.readuntil(b"\r\n\r\n"))
        event = http.next_event()
    except asyncio.LimitOverrunError:
        return http, 431
    except h11.RemoteProtocolError:
        return http, 400
    return http, event if isinstance(event, h11.Request) else 400


def _response(http: h11.Connection, status: int, body: bytes) -> bytes:
    headers = [*page.HEADERS, ("Content-Length", str(len(body))), ("Connection", "close")]
    if status == 405:
        headers.append(("Allow", "GET"))
    return (http.send(h11.Response(status_code=status, headers=headers)) or b"") + body
