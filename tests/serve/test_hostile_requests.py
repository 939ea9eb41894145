"""Requests that no client should send: each has an answer or an end, none has credentials, and the endpoint goes on."""

import socket
from contextlib import suppress

import pytest
from homes import Home
from serve.serving import TOKEN, serving

LINE = b"GET /v1/credentials/analytics HTTP/1.1\r\n"
HOST, BAD = b"Host: 127.0.0.1\r\n", b"HTTP/1.1 400 "
# What is sent, with the right token in place of TOKEN -> how the answer begins; nothing: the connection is cut.
REQUESTS: dict[str, tuple[bytes, bytes]] = {
    "bytes": (bytes(range(256)), BAD),
    "a handshake of TLS": (bytes.fromhex("16030100050100000100"), BAD),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD),
    "another version": (LINE.replace(b"1.1", b"9.9") + HOST + b"\r\n", BAD),
    "no such method": (b"LOOK / HTTP/1.1\r\n" + HOST + b"\r\n", BAD),
    "a method in small letters": (LINE.lower() + HOST + b"\r\n", BAD),
    "a tunnel": (b"CONNECT attacker.example:443 HTTP/1.1\r\n" + HOST + b"Authorization: TOKEN\r\n\r\n", BAD),
    "all options": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Authorization: TOKEN\r\n\r\n", b"HTTP/1.1 405 "),
    "a zero in the path": (b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n", BAD),
    "a header on two lines": (LINE + HOST + b"Authorization:\r\n TOKEN\r\n\r\n", BAD),
    "a blank before the colon": (LINE + HOST + b"Authorization : TOKEN\r\n\r\n", BAD),
    "two tokens": (LINE + HOST + b"Authorization: TOKEN\r\n" * 2 + b"\r\n", BAD),
    "two lengths of a body": (
        LINE + HOST + b"Authorization: TOKEN\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        BAD,
    ),
    "no host": (LINE + b"Authorization: TOKEN\r\n\r\n", b"HTTP/1.1 403 "),
    "no host, as HTTP/1.0 has it": (LINE.replace(b"1.1", b"1.0") + b"Authorization: TOKEN\r\n\r\n", b"HTTP/1.1 403 "),
    "a large header": (LINE + HOST + b"Authorization: TOKEN\r\nX: " + b"x" * 65_536, b""),
}


def answer(port: int, sent: bytes, *, is_all: bool = True) -> bytes:
    """All that comes until the end of the connection; `is_all`: nothing more is sent."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client, suppress(ConnectionError):
        client.sendall(sent)
        if is_all:
            client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65_536):
            received += piece
    return received


def test_requests_that_no_client_sends_get_no_credentials(ready: Home) -> None:
    """Though the token is right; nothing is said of them."""
    with serving(ready, "analytics") as running:
        token = running.variables["analytics"][TOKEN].encode()
        got = {name: answer(running.port, sent.replace(b"TOKEN", token)) for name, (sent, _) in REQUESTS.items()}
        assert running.credentials("analytics").status == 200
        stderr = running.stop().stderr

    assert {name: text[: len(REQUESTS[name][1]) or None] for name, text in got.items()} == {
        name: begin for name, (_, begin) in REQUESTS.items()
    }
    assert not [name for name, text in got.items() if b"AccessKeyId" in text]
    assert stderr == ""


@pytest.mark.parametrize(("version", "number"), [("1.1", 20), ("1.0", 1)])
def test_requests_in_one_piece_are_answered_in_their_order(ready: Home, version: str, number: int) -> None:
    """All of a connection that goes on, and the first of one that ends with its answer."""
    rest = f" HTTP/{version}\r\nHost: localhost\r\n"
    asked = [f"GET /readyz/{name}{rest}" for name in ("analytics", "other") * 10]
    sent = "\r\n".join([*asked[:-1], f"{asked[-1]}Connection: close\r\n\r\n"]).encode()
    with serving(ready, "analytics") as running:
        statuses = [part[:3] for part in answer(running.port, sent, is_all=False).split(b"HTTP/1.1 ")[1:]]

    assert statuses == ([b"200", b"404"] * 10)[:number]
