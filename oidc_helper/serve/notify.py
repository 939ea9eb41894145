"""Tell systemd the state of the service (sd_notify(3)), if it listens."""

import os
import socket
import sys
import time
from contextlib import suppress


def ready() -> None:
    """The endpoint answers."""
    _send("READY=1")


def reloading() -> None:
    """The settings are being read; `ready` follows."""
    _send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")


def stopping() -> None:
    """No new connection is accepted, and answers and fetches under way are being finished."""
    _send("STOPPING=1")


def _send(state: str) -> None:
    place = os.environ.get("NOTIFY_SOCKET", "")
    if sys.platform == "win32" or not place.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{place[1:]}" if place.startswith("@") else place)
        channel.sendall(state.encode())
