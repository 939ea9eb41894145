"""A connection to the D-Bus of this person's session."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from jeepney.bus import get_bus
from jeepney.io.blocking import DBusConnection, prep_socket

_HANDSHAKE_S = 1  # it takes a millisecond; jeepney's own opener waits as long


@contextmanager
def connection() -> Iterator[DBusConnection]:
    """An open connection. jeepney's own opener leaves its socket behind if the bus ends during the handshake."""
    with closing(prep_socket(get_bus("SESSION"), timeout=_HANDSHAKE_S)) as socket, DBusConnection(socket) as bus:
        yield bus
