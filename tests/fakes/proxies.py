"""A proxy that lets nobody through."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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
