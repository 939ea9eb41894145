"""Addresses of made-up hosts: what swallows every packet, and a resolver that names it first."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest


@contextmanager
def black_hole() -> Iterator[tuple[str, int]]:
    """A port of 127.0.0.1 at which nothing ever answers, since its queue is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.settimeout(0.1)
            with suppress(OSError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()


def resolve(monkeypatch: pytest.MonkeyPatch, name: str, *places: tuple[str, int]) -> None:
    """Let the host of that name have these addresses, in that order, whatever the port."""
    usual = socket.getaddrinfo

    def look_up(host: Any, *words: Any, **more: Any) -> Any:
        if host != name:
            return usual(host, *words, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
