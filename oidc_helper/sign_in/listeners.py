"""The sockets that wait for a redirect: one port, on every address that the redirect's host stands for."""

import socket
from collections.abc import Sequence

from oidc_helper.errors import TryAgain

IPV4, IPV6 = "127.0.0.1", "::1"
_QUEUED = 1_024  # connections queued in the kernel; the peer retries one that finds no room only after a second
_ANY_PORT_TRIES = 16  # a port that is free on one address may be taken on the other


def listening(ports: Sequence[int], host: str) -> list[socket.socket]:
    """Listen on the first of the ports (0: any) that is free on all addresses of `host`.

    Browsers use either address for `localhost`: another program on the second one would get the code. Raises TryAgain.
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
    """Restore the long queue, which a server may have shortened."""
    for listener in listeners:
        listener.listen(_QUEUED)


def _listening(port: int, addresses: Sequence[str]) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            listener = socket.socket(socket.AF_INET6 if address == IPV6 else socket.AF_INET, socket.SOCK_STREAM)
            listeners.append(listener)
            # Windows lets other programs bind the same port unless they are excluded. Elsewhere the option frees the
            # port of a sign-in that has just ended; two sockets can bind with it, so only `listen` excludes others.
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
