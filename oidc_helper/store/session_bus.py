"""A connection to the D-Bus of this person's session."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from jeepney.bus import get_bus
from jeepney.io.blocking import DBusConnection, prep_socket

_GREETING_S = 1  # which takes a millisecond; jeepney's own opener waits as long


@contextmanager
def connection() -> Iterator[DBusConnection]:
    """Greeted and open. jeepney's own opener leaves its socket behind where the bus ends while it is greeted."""
    with closing(prep_socket(get_bus("SESSION"), timeout=_GREETING_S)) as socket, DBusConnection(socket) as bus:
        yield bus
