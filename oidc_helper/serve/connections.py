"""Connections of slow clients: none keeps others waiting, however many there are."""

import asyncio
import sys
import time
from collections import OrderedDict
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 500  # at once
_PATIENCE_S = 5  # for a request, and for the next one
_LARGEST = 32_768  # bytes of a request, whose answer needs a few hundred


class Connections:
    """All that are open, the one that has kept us waiting for the longest time first.

    It makes way for a new one where there are too many.
    """

    def __init__(self) -> None:
        self._since = OrderedDict[asyncio.Transport, float]()
        self._most = min(_MOST, _open_files() // 2)

    def protocol(self, config: Config, **others: Any) -> HttpToolsProtocol:
        """What uvicorn makes for a new connection."""
        return _Watched(self, config, **others)

    def begin_wait(self, transport: asyncio.Transport) -> None:
        """From now on it is the client's turn."""
        self._since[transport] = time.monotonic()
        self._since.move_to_end(transport)
        while len(self._since) > self._most:
            self._since.popitem(last=False)[0].abort()

    def forget(self, transport: asyncio.Transport) -> None:
        """It is closed."""
        self._since.pop(transport, None)

    async def end_slow_ones(self) -> None:
        """Close each that takes too long, until cancelled."""
        while True:
            await asyncio.sleep(1)
            while self._since:
                transport, since = next(iter(self._since.items()))
                if time.monotonic() - since < _PATIENCE_S:
                    break
                del self._since[transport]
                transport.abort()


def _open_files() -> int:
    """How many a process may have: 256 on macOS, 1,024 on many systems, and on Windows no number that matters."""
    if sys.platform == "win32":
        return 2 * _MOST
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * _MOST if soft == resource.RLIM_INFINITY else soft


class _Watched(HttpToolsProtocol):
    """A connection of uvicorn that ends where its client takes too long, or sends too much."""

    def __init__(self, connections: Connections, config: Config, **others: Any) -> None:
        super().__init__(config, **others)
        self._watched = connections
        self._taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watched.begin_wait(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watched.forget(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > _LARGEST:
            self.transport.abort()
        else:
            super().data_received(data)

    def on_response_complete(self) -> None:
        self._taken = 0
        self._watched.begin_wait(self.transport)
        super().on_response_complete()
