"""Connects through a SOCKS 5 proxy, which opens the connection and then only passes bytes on (RFC 1928, RFC 1929)."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from socksio import ProtocolError, SOCKSError, socks5

from oidc_helper.machine.addresses import connect
from oidc_helper.machine.proxies import Proxy

_ADDRESS_LENGTHS = {b"\x01": 4, b"\x04": 16}  # bytes; a name begins with its own length


class SocksRefusal(OSError):  # noqa: N818  # as the kinds of errors.py
    """The proxy will not or cannot connect; the text says why."""


def connect_through(proxy: Proxy, host: str, port: int, timeout_s: float) -> socket.socket:
    """A socket connected to the host, whose name the proxy looks up. Raises OSError; SocksRefusal if it refuses."""
    tunnel = connect(proxy.host, proxy.port, timeout_s)
    try:
        _negotiate(tunnel, proxy, host, port)
    except (SOCKSError, OverflowError):  # OverflowError: a text is too long for its length byte
        tunnel.close()
        raise SocksRefusal("it does not answer as a SOCKS 5 proxy does") from None
    except OSError:
        tunnel.close()
        raise
    return tunnel


def _negotiate(tunnel: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    dialogue = socks5.SOCKS5Connection()
    methods = [socks5.SOCKS5AuthMethod.USERNAME_PASSWORD] if proxy.user else []
    dialogue.send(socks5.SOCKS5AuthMethodsRequest([socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED, *methods]))
    chosen = _answer(tunnel, dialogue, partial(_read, length=2)).method
    if chosen == socks5.SOCKS5AuthMethod.USERNAME_PASSWORD and proxy.user:
        dialogue.send(socks5.SOCKS5UsernamePasswordRequest(proxy.user.encode(), proxy.password.encode()))
        if not _answer(tunnel, dialogue, partial(_read, length=2)).success:
            raise SocksRefusal("it refuses the user or the password")
    elif chosen != socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED:
        raise SocksRefusal("it asks for a user and a password")
    dialogue.send(socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, (host, port)))
    reply = _answer(tunnel, dialogue, _reply)
    if reply.reply_code != socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise SocksRefusal(reply.reply_code.name.lower().replace("_", " "))


def _answer(tunnel: socket.socket, dialogue: socks5.SOCKS5Connection, read: Callable[[socket.socket], bytes]) -> Any:
    """The proxy's answer to what the dialogue has to send."""
    tunnel.sendall(dialogue.data_to_send())
    return dialogue.receive_data(read(tunnel))


def _reply(tunnel: socket.socket) -> bytes:
    """A whole reply and no byte after it, which is the host's: version, code, 0, kind of address, address, port."""
    head = _read(tunnel, length=5)
    length = _ADDRESS_LENGTHS.get(head[3:4], head[4] + 1)
    return head + _read(tunnel, length=length - 1 + 2)


def _read(tunnel: socket.socket, *, length: int) -> bytes:
    content = b""
    while len(content) < length:
        if not (part := tunnel.recv(length - len(content))):
            raise ProtocolError("the proxy hung up")
        content += part
    return content
