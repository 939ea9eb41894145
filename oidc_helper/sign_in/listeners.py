"""The sockets that wait for a redirect: on every address that the redirect's host stands for, on one port."""

import socket
from collections.abc import Sequence

from oidc_helper.errors import TryAgain

IPV4, IPV6 = "127.0.0.1", "::1"
_QUEUED = 1_024  # in the kernel; a connection that finds no room there is only tried again after a second
_ANY_PORT_TRIES = 16  # a free port of one address may be taken on the other


def listening(ports: Sequence[int], host: str) -> list[socket.socket]:
    """Listen on the first port (0: any) that is free on all addresses of `host`; all have one number.

    Browsers take either address for `localhost`: another program on the second one would get the code. Raises TryAgain.
    """
    addresses = [IPV4, IPV6] if host == "localhost" and _has_ipv6() else [IPV4]
    for port in ports or [0] * _ANY_PORT_TRIES:
        try:
            return _listening(port, addresses)
        except OSError:
            continue
    names = ", ".join(map(str, ports)) or "0"
    raise TryAgain(
        f"cannot listen on {' and '.join(addresses)}: "
        + (f"the ports {names} are taken" if ports[1:] else f"port {names} is taken"),
        "end what listens there, or name more in redirect_ports",
    )


def widen(listeners: Sequence[socket.socket]) -> None:
    """Give them their long queue again, whatever was asked of them meanwhile."""
    for listener in listeners:
        listener.listen(_QUEUED)


def _listening(port: int, addresses: Sequence[str]) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            listener = socket.socket(socket.AF_INET6 if address == IPV6 else socket.AF_INET, socket.SOCK_STREAM)
            listeners.append(listener)
            # Windows lets other programs bind the same port unless they are excluded. Elsewhere the option is for the
            # port of a sign-in that has just ended; two can bind with it, so that listening belongs to the same step.
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR), 1)
            if address == IPV6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(_QUEUED)
            port = listener.getsockname()[1]
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((IPV6, 0))
    except OSError:
        return False
    return True
