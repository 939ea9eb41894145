"""The socket that the endpoint listens on: one of our own, or one that systemd opened for us (sd_listen_fds(3))."""

import ipaddress
import os
import socket

from oidc_helper.errors import WrongSettings
from oidc_helper.machine import hosts, ports
from oidc_helper.machine.ports import LOOPBACK
from oidc_helper.serve.guard import CONTAINER_HOSTS
from oidc_helper.words import shown

FROM_SYSTEMD = -1
_FIRST_PASSED = 3  # SD_LISTEN_FDS_START
_BACKLOG = 1_024  # connections that the kernel keeps until they are accepted


def bound(address: str, port: int) -> socket.socket:
    """Listen on an IP address; port 0 means any free one. Raises WrongSettings."""
    ports.require(port)
    # Only with the protocol named does asyncio set TCP_NODELAY.
    listening = socket.socket(_family(address), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows it would let two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ports.unusable(error, address, port) from None
    return listening


def passed(number: int) -> socket.socket:
    """The listening socket of a descriptor; `FROM_SYSTEMD` means the one that systemd passed. Raises WrongSettings."""
    descriptor = _of_systemd() if number == FROM_SYSTEMD else number
    try:
        listening = socket.socket(fileno=os.dup(descriptor))
    except OSError as error:
        raise WrongSettings(f"descriptor {descriptor} is no open socket: {error.strerror}", _SOCKET_HINT) from None
    if listening.family not in (socket.AF_INET, socket.AF_INET6) or not _listens(listening):
        listening.close()
        raise WrongSettings(f"descriptor {descriptor} is no listening TCP socket, which SDKs need", _SOCKET_HINT)
    os.close(descriptor)
    return listening


_SOCKET_HINT = "let a .socket unit of systemd have ListenStream=127.0.0.1:PORT, or leave --fd out"


def url(listening: socket.socket) -> str:
    """The URL at which programs on this machine, or in this container, find the endpoint."""
    address, port = listening.getsockname()[:2]
    if ipaddress.ip_address(address).is_unspecified:
        address = "::1" if listening.family == socket.AF_INET6 else LOOPBACK
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def is_exposed(listening: socket.socket) -> bool:
    """Whether other machines may reach the endpoint."""
    return not hosts.is_loopback(url(listening)) or ipaddress.ip_address(listening.getsockname()[0]).is_unspecified


def is_for_sdks(listening: socket.socket) -> bool:
    """Whether SDKs send plain http to its address."""
    return hosts.is_loopback(url(listening)) or hosts.host_in(url(listening)) in CONTAINER_HOSTS


def _family(address: str) -> socket.AddressFamily:
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise WrongSettings(
            f"{shown(address, 64)} is no IP address to listen on", f"to listen on {LOOPBACK}, leave --bind out"
        ) from None
    return socket.AF_INET6 if version == 6 else socket.AF_INET


def _of_systemd() -> int:
    """The descriptor of the one socket that systemd passed to this process. Raises WrongSettings.

    The variables that tell of it are removed, so that no child takes them for its own.
    """
    number, process = os.environ.pop("LISTEN_FDS", ""), os.environ.pop("LISTEN_PID", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if not number.isdecimal() or int(number) < 1:
        raise WrongSettings("no socket was passed: LISTEN_FDS is not set", _SOCKET_HINT)
    if process != str(os.getpid()):
        raise WrongSettings("the socket in LISTEN_FDS is for another process: LISTEN_PID is not ours", _SOCKET_HINT)
    if int(number) > 1:
        raise WrongSettings(
            f"{number} sockets were passed, but only one can be served", "let the .socket unit have only one"
        )
    return _FIRST_PASSED


def _listens(listening: socket.socket) -> bool:
    try:
        return bool(listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except (AttributeError, OSError):  # macOS does not say
        return True
