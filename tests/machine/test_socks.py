"""SOCKS 5 proxies, which pass everything on once they have connected."""

import socket
import threading
from collections.abc import Iterator

import pytest
from fakes.proxies import SocksProxy, socks_proxy

from oidc_helper.machine.proxies import Proxy
from oidc_helper.machine.socks import SocksRefusal, connect_through


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """The place of a server that says hello to each who comes."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"hello")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()


def through(proxy: SocksProxy, user: str = "", password: str = "") -> socket.socket:
    settings = Proxy("socks5h", "127.0.0.1", proxy.port, user, password)
    return connect_through(settings, "login.example.com", 443, 60)


def test_the_proxy_looks_up_the_name(echo: tuple[str, int]) -> None:
    """The server's first bytes are not taken for the proxy's."""
    with socks_proxy(echo) as proxy, through(proxy) as tunnel:
        assert tunnel.recv(5, socket.MSG_WAITALL) == b"hello"

    assert proxy.asked == [("login.example.com", 443)]


def test_a_user_and_a_password_are_told_to_a_proxy_that_asks(echo: tuple[str, int]) -> None:
    with socks_proxy(echo, user=b"me", password="pä55".encode()) as proxy:
        with through(proxy, "me", "pä55") as tunnel:
            assert tunnel.recv(5, socket.MSG_WAITALL) == b"hello"
        with pytest.raises(SocksRefusal, match="refuses the user or the password"):
            through(proxy, "me", "wrong")
        with pytest.raises(SocksRefusal, match="asks for a user and a password"):
            through(proxy)
        with pytest.raises(SocksRefusal):
            through(proxy, "me", "x" * 300)


def test_a_refusal_has_the_proxy_s_reason(echo: tuple[str, int]) -> None:
    with socks_proxy(echo, code=2) as proxy, pytest.raises(SocksRefusal, match="connection not allowed by ruleset"):
        through(proxy)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x05"])
def test_a_server_that_is_no_socks_proxy_is_told_apart(said: bytes) -> None:
    """An HTTP proxy, or one that hangs up."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(3)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with pytest.raises(SocksRefusal, match="does not answer as a SOCKS 5 proxy"):
            through(SocksProxy(("", 0), port=listener.getsockname()[1]))
