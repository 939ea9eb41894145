"""A client that asks an endpoint as fast as it answers: `python -m benchmarks.asking URL CONNECTIONS`.

The token is in AWS_CONTAINER_AUTHORIZATION_TOKEN. Prints a line of JSON for each second, until standard input ends.
"""

import json
import os
import re
import select
import socket
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: (\d+)")


def main() -> None:
    url = urlsplit(sys.argv[1])
    token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    request = (
        f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: application/json\r\nAuthorization: {token}\r\n\r\n"
    ).encode()
    sockets = [socket.create_connection((url.hostname, url.port)) for _ in range(int(sys.argv[2]))]
    for second in _seconds(sockets, request):
        print(json.dumps(second), flush=True)
        if select.select([0], [], [], 0)[0]:
            break


def _seconds(sockets: list[socket.socket], request: bytes) -> Iterator[dict[str, object]]:
    """By second: the time, how many answers were no success, and how many milliseconds each answer took."""
    poll = select.epoll()
    by_number = {one.fileno(): one for one in sockets}
    begun, parts = dict[int, float](), dict.fromkeys(by_number, b"")
    for number, one in by_number.items():
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(number, select.EPOLLIN)
        begun[number] = time.perf_counter()
        one.sendall(request)
    took: list[float] = []
    failed, until = 0, time.perf_counter() + 1
    while True:
        for number, _ in poll.poll():
            one = by_number[number]
            parts[number] += one.recv(65_536)
            head, end, body = parts[number].partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not (end and length and len(body) >= int(length[1])):
                continue
            now = time.perf_counter()
            took.append((now - begun[number]) * 1_000)
            failed += not head.startswith(b"HTTP/1.1 200 ")
            parts[number], begun[number] = b"", now
            one.sendall(request)
        if time.perf_counter() > until:
            yield {"at": time.time(), "failed": failed, "ms": [round(one, 2) for one in took]}
            took, failed, until = [], 0, until + 1


main()
