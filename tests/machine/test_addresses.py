"""Connecting: the first address that accepts wins, and none keeps the others waiting for the whole timeout."""

import socket
import time
from collections.abc import Iterator

import pytest
from fakes.resolvers import black_hole, resolve

from oidc_helper.machine import addresses
from oidc_helper.machine.addresses import connect

HOST = "two-addresses.test"


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """The place of a server that accepts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


@pytest.fixture
def closed() -> tuple[str, int]:
    """A place that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place: tuple[str, int] = listener.getsockname()
    return place


def test_an_address_that_swallows_packets_costs_a_small_part_of_the_timeout(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As IPv6 does behind many firewalls; curl took 2 ms where urllib3 takes the timeout."""
    with black_hole() as swallows:
        resolve(monkeypatch, HOST, swallows, server)
        began = time.monotonic()
        with connect(HOST, 443, 60) as connected:
            assert connected.getpeername() == server
            assert connected.gettimeout() == 60

    assert time.monotonic() - began < 60 / 4


def test_an_address_that_refuses_is_followed_by_the_next(
    server: tuple[str, int], closed: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, HOST, closed, server)
    with connect(HOST, 443, 60) as connected:
        assert connected.getpeername() == server


def test_a_slow_first_address_wins_if_the_second_refuses(
    server: tuple[str, int], closed: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, HOST, server, closed)
    with connect(HOST, 443, 60) as connected:
        assert connected.getpeername() == server


def test_a_host_whose_addresses_all_refuse_is_refused(closed: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, HOST, closed, closed)
    with pytest.raises(ConnectionRefusedError):
        connect(HOST, 443, 60)


def test_a_host_that_never_answers_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with black_hole() as swallows:
        resolve(monkeypatch, HOST, swallows, swallows)
        with pytest.raises(TimeoutError):
            connect(HOST, 443, 0.5)


def test_a_name_without_an_address_is_an_error_of_looking_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "made up")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror):
        connect(HOST, 443, 1)


def test_families_take_turns() -> None:
    """RFC 8305 section 4: three addresses of a family that does not work cost one head start and not three."""
    six, four = socket.AF_INET6, socket.AF_INET
    listed = [(six, 1, 6, "", "a"), (six, 1, 6, "", "b"), (six, 1, 6, "", "c"), (four, 1, 6, "", "d")]

    assert [address[4] for address in addresses._by_turns(listed)] == ["a", "d", "b", "c"]
