"""The sockets: loopback only, no foreign pages, bounded bodies, many clients, and a clean end."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from emulator.aws_callers import Caller
from emulator.browsing import FORM, send

from oidc_helper.emulator import Emulator


def test_a_hundred_clients_are_served_at_once(emulator: Emulator, caller: Caller) -> None:
    """Each gets its own tokens."""
    caller.client("sso-oidc")
    tokens = [emulator.mint("alice@example.com") for _ in range(100)]
    start = threading.Barrier(100)

    def exchange(token: str) -> str:
        client = caller.client("sso-oidc")
        start.wait()
        asked = {"clientId": emulator.directory.application_arn, "grantType": _JWT_BEARER, "assertion": token}
        return str(client.create_token_with_iam(**asked)["accessToken"])

    with ThreadPoolExecutor(100) as pool:
        assert len(set(pool.map(exchange, tokens))) == 100

    assert emulator.count("CreateTokenWithIAM", ok=True) == 100
    assert [request.sequence for request in emulator.requests] == list(range(1, 101))


def test_a_connection_serves_many_calls(emulator: Emulator) -> None:
    """HTTP/1.1 keep-alive."""
    connection = _connection(emulator)
    for _ in range(3):
        connection.request("GET", "/idp/keys")
        assert connection.getresponse().read()
        connected = connection.sock
        assert connected is not None
    connection.close()

    assert emulator.count("Keys", ok=True) == 3


def test_a_client_may_ask_before_it_sends_the_body(emulator: Emulator) -> None:
    """`Expect: 100-continue`, which some SDKs send."""
    with socket.create_connection((_host(emulator), _port(emulator)), timeout=10) as connected:
        connected.sendall(
            b"POST /idp/token HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1\r\n\r\n"
        )
        assert connected.recv(100).startswith(b"HTTP/1.1 100 ")
        connected.sendall(b"a")
        assert connected.recv(100).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("host", ["attacker.example.com", "127.0.0.1.example.com", "", "192.0.2.1:80"])
def test_another_host_name_is_refused(emulator: Emulator, host: str) -> None:
    """A foreign page whose name resolves to loopback learns nothing."""
    assert send(emulator.issuer + "/keys", headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8080", "123456789012.localhost:1"])
def test_loopback_host_names_are_served(emulator: Emulator, host: str) -> None:
    """With any port, and with the account in front that S3 Control puts there."""
    assert send(emulator.issuer + "/keys", headers={"Host": host}).status == 200


def test_a_foreign_page_can_neither_post_nor_read(emulator: Emulator) -> None:
    """It can order no fault, and no answer is open to other origins."""
    foreign = {"Origin": "https://attacker.example.com"}
    posted = send(emulator.url + "/_emulator/faults", method="POST", body='{"operation": "Keys"}', headers=foreign)

    assert posted.status == 403

    answer = send(emulator.issuer + "/keys", headers=foreign)

    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_a_large_body_is_refused(emulator: Emulator) -> None:
    """More than one MiB is refused before it is read."""
    connection = _connection(emulator)
    connection.putrequest("POST", "/idp/token")
    connection.putheader("Content-Length", str((1 << 20) + 1))
    connection.endheaders()

    assert connection.getresponse().status == 413

    connection.close()


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("Transfer-Encoding", "chunked", 411), ("Content-Length", "-1", 400), ("Content-Length", "many", 400)],
)
def test_a_body_of_unknown_length_is_refused(emulator: Emulator, name: str, value: str, status: int) -> None:
    """The server does not guess it."""
    connection = _connection(emulator)
    connection.putrequest("POST", "/idp/token")
    connection.putheader(name, value)
    connection.endheaders()

    assert connection.getresponse().status == status

    connection.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "OPTIONS"])
def test_an_unknown_path_is_not_found(emulator: Emulator, method: str) -> None:
    """With any method."""
    assert send(emulator.url + "/somewhere", method=method).status == 404


def test_stopping_ends_connections_and_frees_the_port() -> None:
    """Idle connections, and those that wait for an answer."""
    before = set(threading.enumerate())
    emulator = Emulator().start()
    emulator.fault("Keys", delay_s=600)
    with ThreadPoolExecutor(1) as pool, socket.create_connection((_host(emulator), _port(emulator))) as idle:
        pending = pool.submit(send, emulator.issuer + "/keys")
        assert emulator.wait_for("Keys")
        emulator.stop()
        with pytest.raises(ConnectionError):
            pending.result()
        assert idle.recv(1) == b""
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((_host(emulator), _port(emulator)))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


def test_a_port_can_be_chosen_and_a_taken_one_is_an_error(emulator: Emulator) -> None:
    """The error comes at once, before any answer."""
    with pytest.raises(OSError, match="in use"):
        Emulator(port=_port(emulator))


def test_an_emulator_that_never_started_can_be_stopped() -> None:
    """It frees its port all the same."""
    emulator = Emulator()
    emulator.stop()
    with socket.socket() as again:
        again.bind((_host(emulator), _port(emulator)))


def test_the_public_operation_beside_create_token_with_iam_is_unknown(emulator: Emulator) -> None:
    """The two differ in `aws_iam=t`."""
    assert send(emulator.url + "/token", method="POST", body="{}").status == 404
    assert send(emulator.url + "/token?aws_iam=t", method="POST", body="{}").status == 403


def test_a_broken_off_request_does_no_harm(emulator: Emulator) -> None:
    """Half a head, half a body, and a client that does not wait for its answer."""
    for text in (b"GET /idp", b"POST /idp/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nabc"):
        with socket.create_connection((_host(emulator), _port(emulator)), timeout=10) as connected:
            connected.sendall(text)

    assert send(emulator.issuer + "/token", {}).status == 401
    assert emulator.count("Token") == 1
    assert send(emulator.issuer + "/token", body="", method="POST", headers={"Content-Type": FORM}).status == 401


_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _host(emulator: Emulator) -> str:
    return urlsplit(emulator.url).hostname or ""


def _port(emulator: Emulator) -> int:
    return urlsplit(emulator.url).port or 0


def _connection(emulator: Emulator) -> HTTPConnection:
    return HTTPConnection(_host(emulator), _port(emulator), timeout=10)
