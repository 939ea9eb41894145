"""The ports where a redirect is awaited: which one is taken, on which addresses, and that nobody shares it."""

import errno
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from fakes.browser import FakeBrowser
from fakes.places import needs
from fakes.provider import CLIENT, fake_provider
from sign_in.sign_ins import PATH, Screen, at, identity_of, waiting_sign_in

from oidc_helper.emulator import Emulator
from oidc_helper.errors import TryAgain
from oidc_helper.sign_in import listeners
from oidc_helper.sign_in.listeners import IPV4, IPV6, listening
from oidc_helper.sign_in.provider import sign_in


def free_ports(count: int) -> list[int]:
    with_ports = [socket.create_server((IPV4, 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in with_ports]
    for server in with_ports:
        server.close()
    return ports


def ports_of(sockets: Sequence[socket.socket]) -> list[tuple[str, int]]:
    """Address and port of each, which is closed."""
    names = [one.getsockname()[:2] for one in sockets]
    for one in sockets:
        one.close()
    return names


@pytest.fixture
def ipv6() -> None:
    needs(listeners._has_ipv6(), "IPv6 on the loopback")


def test_the_first_free_port_of_the_list_is_taken(emulator: Emulator) -> None:
    """Where none is free, the message names them."""
    taken, free = free_ports(2)
    with socket.create_server((IPV4, taken)):
        browser = FakeBrowser()
        identity = at(emulator, redirect_ports=(taken, free))
        sign_in(identity, Screen().person(browser), way="browser", timeout_s=20).finish(None)
        assert f"127.0.0.1%3A{free}%2Fcallback" in browser.went[0]

        with pytest.raises(TryAgain) as caught:
            listening((taken,), IPV4)
        assert caught.value.message == f"cannot listen on 127.0.0.1: port {taken} is taken"
        assert "redirect_ports" in caught.value.hint


def test_two_sign_ins_cannot_share_a_port(emulator: Emulator) -> None:
    """The second one used to bind as well, and to fail as a bug when it began to listen."""
    (port,) = free_ports(1)
    identity = at(emulator, redirect_ports=(port,))
    with waiting_sign_in(identity) as waiting:
        with pytest.raises(TryAgain, match=f"port {port} is taken"):
            sign_in(identity, Screen().person(), way="browser", timeout_s=20)
        FakeBrowser()(waiting.url)
        waiting.result().finish(None)

    with waiting_sign_in(identity) as again:  # at once, though connections of the first one linger
        FakeBrowser()(again.url)
        again.result().finish(None)


def test_a_port_that_is_lost_between_bind_and_listen_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs may bind at the same moment; the first to listen has it."""
    lost, free = free_ports(2)
    listen = socket.socket.listen

    def lose(one: socket.socket, backlog: int = 0) -> None:
        if one.getsockname()[1] == lost:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        listen(one, backlog)

    monkeypatch.setattr(socket.socket, "listen", lose)

    assert ports_of(listening((lost, free), IPV4)) == [(IPV4, free)]


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("ports", [(), (0,)])
def test_localhost_is_both_addresses_with_one_port(ports: Sequence[int]) -> None:
    (first, port), (second, same) = ports_of(listening(ports, "localhost"))

    assert (first, second, port) == (IPV4, IPV6, same)


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("address", [IPV4, IPV6])
def test_a_port_of_localhost_that_is_taken_on_one_address_is_refused(address: str) -> None:
    """The program that has it there would get code and state of every browser that prefers this address."""
    taken, free = free_ports(2)
    with socket.create_server((address, taken), family=socket.AF_INET6 if address == IPV6 else socket.AF_INET):
        assert [port for _, port in ports_of(listening((taken, free), "localhost"))] == [free, free]
        with pytest.raises(TryAgain, match=f"cannot listen on 127.0.0.1 and ::1: port {taken} is taken"):
            listening((taken,), "localhost")


@pytest.mark.usefixtures("ipv6")
def test_a_browser_that_takes_localhost_for_ipv6_is_answered() -> None:
    with (
        fake_provider() as provider,
        waiting_sign_in(identity_of(provider.issuer, CLIENT, redirect_host="localhost")) as waiting,
    ):
        redirect = urlsplit(FakeBrowser().redirect_of(waiting.url))
        assert redirect.port
        with socket.create_connection((IPV6, redirect.port), timeout=30) as tab:
            tab.sendall(f"GET {PATH}?{redirect.query} HTTP/1.1\r\nHost: {redirect.netloc}\r\n\r\n".encode())
            waiting.result().finish(None)
            assert b"<h1>Signed in</h1>" in tab.makefile("rb").read()


def test_without_ipv6_localhost_is_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines and containers have it switched off."""
    create = socket.socket

    def without_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return create(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)

    assert [address for address, _ in ports_of(listening((), "localhost"))] == [IPV4]


def test_port_80_may_be_left_out_of_the_host_name(emulator: Emulator) -> None:
    """Browsers do: the answer used to be refused as one for another name."""
    try:
        for one in listening((80,), IPV4):
            one.close()
    except TryAgain:
        pytest.skip("needs port 80")
    with waiting_sign_in(at(emulator, redirect_ports=(80,))) as waiting:
        target = FakeBrowser().redirect_of(waiting.url).removeprefix("http://127.0.0.1:80")
        with socket.create_connection((IPV4, 80), timeout=30) as tab:
            tab.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            waiting.result().finish(None)
            assert b"<h1>Signed in</h1>" in tab.makefile("rb").read()
