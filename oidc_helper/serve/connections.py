"""Limits on connections, so that slow clients keep no others waiting, however many there are."""

import asyncio
import sys
import time
from collections import OrderedDict
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 500  # at once
_PATIENCE_S = 5  # for a request, and between one answer and the next request
_LARGEST = 32_768  # bytes of a request; a few hundred are needed


class Connections:
    """The open connections, ordered by how long they have kept us waiting, longest first.

    When there are too many, the first is closed to make room for a new one.
    """

    def __init__(self) -> None:
        self._since = OrderedDict[asyncio.Transport, float]()
        self._most = min(_MOST, _open_files() // 2)

    def protocol(self, config: Config, **others: Any) -> HttpToolsProtocol:
        """The protocol that uvicorn creates for a new connection."""
        return _Watched(self, config, **others)

    def begin_wait(self, transport: asyncio.Transport) -> None:
        """Note that it is the client's turn from now on."""
        self._since[transport] = time.monotonic()
        self._since.move_to_end(transport)
        while len(self._since) > self._most:
            self._since.popitem(last=False)[0].abort()

    def forget(self, transport: asyncio.Transport) -> None:
        """Drop a connection that is closed."""
        self._since.pop(transport, None)

    async def end_slow_ones(self) -> None:
        """Close each connection that takes too long, until cancelled."""
        while True:
            await asyncio.sleep(1)
            while self._since:
                transport, since = next(iter(self._since.items()))
                if time.monotonic() - since < _PATIENCE_S:
                    break
                del self._since[transport]
                transport.abort()


def _open_files() -> int:
    """How many files a process may open: 256 on macOS, 1,024 on many systems; Windows has no limit that matters."""
    if sys.platform == "win32":
        return 2 * _MOST
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * _MOST if soft == resource.RLIM_INFINITY else soft


class _Watched(HttpToolsProtocol):
    """A connection of uvicorn that ends when its client takes too long or sends too much."""

    def __init__(self, connections: Connections, config: Config, **others: Any) -> None:
        super().__init__(config, **others)
        self._watched = connections
        self._received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watched.begin_wait(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watched.forget(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > _LARGEST:
            self.transport.abort()
        else:
            super().data_received(data)

    def on_response_complete(self) -> None:
        self._received = 0
        self._watched.begin_wait(self.transport)
        super().on_response_complete()
