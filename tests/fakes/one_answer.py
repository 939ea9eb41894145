"""A service on the loopback with one answer to everything, which may have no end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and the headers of what it was asked."""
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(str(self.headers))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@contextmanager
def endless(status: int, *, is_chunked: bool = False) -> Iterator[tuple[str, threading.Event]]:
    """The URL of a service whose answers have 4 GiB; the event is set when a client has hung up before the end."""
    cut = threading.Event()

    class Endless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header(*(("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(1 << 32))))
            self.end_headers()
            piece = bytes(1 << 16)
            with suppress(OSError):
                for _ in range((1 << 32) // len(piece)):
                    self.wfile.write(b"10000\r\n" + piece + b"\r\n" if is_chunked else piece)
                return
            self.close_connection = True
            cut.set()

        do_POST = do_PUT = do_GET  # noqa: N815  # the base class asks for these

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", cut
        server.shutdown()
