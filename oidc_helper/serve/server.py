"""The endpoint while it runs: uvicorn, and a task for each profile."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

from oidc_helper.serve.app import Served, application
from oidc_helper.serve.connections import Connections
from oidc_helper.serve.metrics import Metrics

if TYPE_CHECKING:
    from oidc_helper.serve.keeper import Keeper

_DRAIN_S = 5  # for answers that are being sent
_FINISH_S = 8  # for fetches that are under way: a container has ten seconds to stop before it is killed


class _Server(uvicorn.Server):
    """Calls `stopping` when it begins to drain."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping: Callable[[], None] = lambda: None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stopping()
        await super().shutdown(sockets)


class Endpoint:
    """Serves profiles, given by name, on a listening socket."""

    def __init__(self, listening: socket.socket, served: Mapping[str, Served]) -> None:
        self.keepers: Mapping[str, Keeper] = {name: profile.keeper for name, profile in served.items()}
        self._listening = listening
        self._connections = Connections()
        self._server = _Server(
            uvicorn.Config(
                application(served, Metrics(list(self.keepers.values()))),
                http=self._connections.protocol,  # type: ignore[arg-type]  # a function that makes one will do
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_S,
            )
        )

    async def run(
        self,
        ready: Callable[[], None],
        stopping: Callable[[], None] = lambda: None,
        reload: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Serve until `stop` is called; then finish what is under way.

        `ready` is called once each profile has credentials, or a reason why it has none; `stopping` is called before
        anything under way is finished. `reload` runs at SIGHUP.
        """
        self._server.stopping = stopping
        async with self._tasks(reload):
            serving = asyncio.create_task(self._server.serve(sockets=[self._listening]))
            first_outcomes = asyncio.create_task(self._first_outcomes())
            await asyncio.wait({serving, first_outcomes}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                ready()
            await serving
            first_outcomes.cancel()
        await self._finish()

    def stop(self) -> None:
        """Accept no new connections, and end once the open ones have their answers."""
        self._server.should_exit = True

    async def _finish(self) -> None:
        """Wait for fetches that are under way: if we are a container's main process, all in it ends with us."""
        await asyncio.gather(*(keeper.finish(_FINISH_S) for keeper in self.keepers.values()))

    async def _first_outcomes(self) -> None:
        for keeper in self.keepers.values():
            await keeper.first_outcome.wait()

    @asynccontextmanager
    async def _tasks(self, reload: Callable[[], Awaitable[None]] | None) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        coroutines = [self._connections.end_slow_ones(), *(keeper.run() for keeper in self.keepers.values())]
        tasks: set[asyncio.Future[None]] = {asyncio.ensure_future(coroutine) for coroutine in coroutines}
        if reload and sys.platform != "win32":
            loop.add_signal_handler(signal.SIGHUP, lambda: tasks.add(asyncio.ensure_future(reload())))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait(tasks)
