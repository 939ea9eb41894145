"""The sockets: HTTP/1.1 on loopback, one thread per connection; faults may cut answers or slow them down."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from oidc_helper.emulator.calls import Answer, Call
from oidc_helper.emulator.dispatch import Outcome
from oidc_helper.emulator.faults import BODILESS

_LARGEST_BODY = 1 << 20
# A foreign page may make its own name resolve to loopback. The digits are the account id in s3control hosts.
_HOST = re.compile(r"(\d{12}\.)?(localhost|127\.0\.0\.1)(:\d+)?|\[::1\](:\d+)?")
_IDLE_S = 60
_Connected = socket.socket | tuple[bytes, socket.socket]  # as the base class declares it; here always a socket


class Server(ThreadingHTTPServer):
    """Listens from the start, with https if there is a `tls` context. Set `respond` before serving."""

    daemon_threads = True
    request_queue_size = 512

    respond: Callable[[Call], Outcome]

    def __init__(
        self, port: int, wall: Callable[[], float], stopping: threading.Event, tls: ssl.SSLContext | None = None
    ) -> None:
        self.wall = wall
        self.scheme = "https" if tls else "http"
        self._tls = tls
        self.stopping = stopping
        self._open: set[_Connected] = set()
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; the TLS handshake is left to its own thread, so that a slow client delays no other."""
        connection, address = super().get_request()
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: _Connected, client_address: Any) -> None:
        """Remember the connection so that `end` can close it."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connected) -> None:
        """Close the connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def end(self) -> None:
        """Stop listening and close every connection, idle or busy."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                _shut(connection)
            self._changed.wait_for(lambda: not self._open, timeout=5)


class _Connection(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    wbufsize = -1  # so that head and body leave in one packet
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client has gone, or does not speak TLS
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection.do_handshake()
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def handle_expect_100(self) -> bool:
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return accepted

    def version_string(self) -> str:
        return "oidc-helper-emulator"

    def log_message(self, *_: object) -> None:
        """Log nothing: the request log says more."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.wall() if timestamp is None else timestamp, usegmt=True)

    def _serve(self) -> None:
        refusal = self._refusal()
        if refusal:
            self.close_connection = True  # the body may still be unread
            self._write(Outcome(refusal))
            return
        target, length = urlsplit(self.path), int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        outcome = self.server.respond(Call(self.command, target.path, target.query, self.headers, body))
        if outcome.answer is None:
            self.close_connection = True
            (_reset if outcome.cut == "reset" else _shut)(self.connection)
            return
        self._write(outcome)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - the base class needs these names

    def _refusal(self) -> Answer | None:
        """The answer to a request whose head is wrong; None if the head is right."""
        length = self.headers.get("Content-Length", "0")
        origin = self.headers.get("Origin")
        checks = (
            (not _HOST.fullmatch(self.headers.get("Host", "")), 403, "not for this host"),
            (bool(origin) and not self._is_for_any_origin() and origin != self._origin(), 403, "not for this origin"),
            ("Transfer-Encoding" in self.headers, 411, "Content-Length is missing"),
            (not re.fullmatch(r"\d{1,10}", length), 400, "Content-Length is not a number"),
            (length.isdecimal() and int(length) > _LARGEST_BODY, 413, "the body is too large"),
        )
        for wrong, status, text in checks:
            if wrong:
                return Answer(status, text.encode() + b"\n", {"Content-Type": "text/plain"})
        return None

    def _is_for_any_origin(self) -> bool:
        """Whether pages of any origin may send the request.

        Requests that change nothing; and clients may post an authorization request from their own pages.
        """
        return self.command in ("GET", "HEAD") or self.path.partition("?")[0].endswith("/authorize")

    def _origin(self) -> str:
        return f"{self.server.scheme}://{self.headers.get('Host')}"

    def _write(self, outcome: Outcome) -> None:
        answer = outcome.answer or Answer(500)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in BODILESS:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD" or answer.status in BODILESS:
            return
        if outcome.cut == "within":
            self.close_connection = True
            self.wfile.write(answer.body[: len(answer.body) // 2])
            return
        if not outcome.slow_bytes_per_s:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.stopping.wait(1 / outcome.slow_bytes_per_s):
                return


def _shut(connection: _Connected) -> None:
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):  # the other end has closed it already
            socket.socket.shutdown(
                connection, socket.SHUT_RDWR
            )  # SSLSocket.shutdown would disturb another thread's read


def _reset(connection: socket.socket) -> None:
    """Close without lingering (socket(7)), which resets; a shutdown before it would end the connection cleanly."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(connection.detach())
