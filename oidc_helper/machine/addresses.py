"""Connects to the first address of a host that accepts: IPv6 may swallow packets while IPv4 works (RFC 8305)."""

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from errno import EINPROGRESS, EWOULDBLOCK
from itertools import chain, zip_longest
from typing import Any

_HEAD_START_S = 0.25  # of an address before the next one is tried in parallel: RFC 8305 section 5
_UNDER_WAY = {0, EINPROGRESS, EWOULDBLOCK, 10_035}  # the last is WSAEWOULDBLOCK of Windows

_Address = tuple[int, int, int, str, Any]


def connect(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connected socket with the timeout `timeout_s`. Raises the OSError of the last address, or TimeoutError.

    The timeout does not cover looking up the name.
    """
    ends = time.monotonic() + timeout_s
    addresses = deque(_by_turns(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    failure = OSError(f"{host} has no address")
    with selectors.DefaultSelector() as attempts, ExitStack() as sockets:
        while addresses or attempts.get_map():
            if addresses:
                try:
                    attempts.register(sockets.enter_context(_connecting(addresses.popleft())), selectors.EVENT_WRITE)
                except OSError as error:
                    failure = error
                    continue
            left_s = ends - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("no address accepted the connection in time")
            for key, _ in attempts.select(min(left_s, _HEAD_START_S) if addresses else left_s):
                attempt = key.fileobj
                assert isinstance(attempt, socket.socket)  # noqa: S101  # nothing else was registered
                attempts.unregister(attempt)
                if not (code := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                    return _winner(attempt, timeout_s)
                failure = OSError(code, os.strerror(code))
                attempt.close()
    raise failure


def _connecting(address: _Address) -> socket.socket:
    """A socket that is connecting. Raises OSError if there is no way to the address."""
    family, kind, protocol, _, place = address
    attempt = socket.socket(family, kind, protocol)
    attempt.settimeout(0)
    code = attempt.connect_ex(place)
    if code not in _UNDER_WAY:
        attempt.close()
        raise OSError(code, os.strerror(code))
    return attempt


def _winner(attempt: socket.socket, timeout_s: float) -> socket.socket:
    """The same connection in a new object: the old object is closed with those that lost."""
    connection = socket.socket(attempt.family, attempt.type, attempt.proto, fileno=attempt.detach())
    connection.settimeout(timeout_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _by_turns(addresses: Iterable[_Address]) -> Iterator[_Address]:
    """The addresses with their families in turn, the resolver's first one first (RFC 8305 section 4)."""
    families: dict[int, list[_Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    return filter(None, chain.from_iterable(zip_longest(*families.values())))
