"""Proxies: one that lets nobody through, one that looks into TLS, and one that speaks SOCKS 5."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import parse_headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fakes.certificates import self_made


class _Refuses(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        self.send_error(407, "\x1b[2J")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@contextmanager
def refusing_proxy() -> Iterator[str]:
    """Run a proxy; yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refuses) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def intercepting_proxy(directory: Path, host: str, answer: bytes) -> Iterator[tuple[str, Path, list[str]]]:
    """Run a company's proxy, which vouches for `host` by itself and answers in its place.

    Yields its URL, the file of its authority, and the first lines of the requests that it has seen.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_made(directory, address=host))
    seen: list[str] = []

    class Intercepts(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            self.close_connection = True
            with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as secure:
                incoming = secure.makefile("rb")
                line = incoming.readline().decode().strip()
                head = parse_headers(incoming)
                incoming.read(int(head.get("Content-Length", 0)))
                seen.append(line)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Intercepts) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", directory / "ca.pem", seen
        server.shutdown()


@dataclass
class SocksProxy:
    """A SOCKS 5 proxy that connects to `target` whatever it is asked for, which it notes in `asked`.

    It answers with `code`, and wants the `user` with the `password` if there is one.
    """

    target: tuple[str, int]
    user: bytes = b""
    password: bytes = b""
    code: int = 0
    port: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        incoming = client.makefile("rb")
        incoming.read(incoming.read(2)[1])
        client.sendall(b"\x05\x02" if self.user else b"\x05\x00")
        if self.user:
            texts = [(incoming.read(1), incoming.read(incoming.read(1)[0]))[1], incoming.read(incoming.read(1)[0])]
            client.sendall(b"\x01\x00" if texts == [self.user, self.password] else b"\x01\x01")
        incoming.read(4)
        host = incoming.read(incoming.read(1)[0]).decode()
        self.asked.append((host, int.from_bytes(incoming.read(2), "big")))
        for byte in b"\x05" + bytes([self.code]) + b"\x00\x03\x04here\x00\x00":  # in pieces, as networks may
            client.sendall(bytes([byte]))
        if self.code == 0:
            with socket.create_connection(self.target) as server:
                threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
                _pass_on(client, server)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def socks_proxy(target: tuple[str, int], **settings: object) -> Iterator[SocksProxy]:
    """Run such a proxy on a port of 127.0.0.1."""
    proxy = SocksProxy(target, **settings)  # type: ignore[arg-type]  # the fields of the class

    def serve_all(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with suppress(OSError, IndexError), client:
            proxy.serve(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.port = listener.getsockname()[1]
        threading.Thread(target=serve_all, args=(listener,), daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
