"""Refuses requests that no SDK sends, but that a web page, a proxy or a tricked server might."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from oidc_helper.serve import answers
from oidc_helper.serve.answers import Answer, Headers

# Addresses other than loopback to which SDKs send plain http: those of ECS and of EKS Pod Identity.
CONTAINER_HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
_HOSTS = {"localhost", *CONTAINER_HOSTS}
_HOST = re.compile(r"(?:\[(?P<inside>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]*)?")  # RFC 3986, 3.2.2
_ONCE = (b"host", b"authorization")


class Request(NamedTuple):
    """The parts that the rules look at: the headers by lower-case name, and the local address of the connection.

    `repeated`: a header that may come only once comes several times.
    """

    method: str
    headers: Mapping[bytes, bytes]
    repeated: bool
    address: str


def request(method: str, headers: Headers, address: str) -> Request:
    """The request with these headers. Repeated ones are noted: another program may read the Host that we do not."""
    by_name, names = dict(headers), [name for name, _ in headers]
    repeated = len(by_name) != len(names) and any(names.count(name) > 1 for name in _ONCE)
    return Request(method, by_name, repeated, address)


def refusal(request: Request) -> Answer | None:
    """The answer to a request that must be refused; None for any other."""
    return next((answer for holds, answer in _RULES if holds(request)), None)


def _has(*names: bytes) -> Callable[[Request], bool]:
    return lambda request: any(name in request.headers for name in names)


def _is_for_another_host(request: Request) -> bool:
    """Whether the request names another host.

    The owner of a name may point it at this machine (DNS rebinding), and a page of that name could read our answers.
    """
    host = _HOST.fullmatch(request.headers.get(b"host", b"").decode("latin-1").lower())
    name = (host["inside"] or host["name"]) if host else ""
    return name != request.address and name not in _HOSTS and not _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


# The first rule that holds gives the answer.
_RULES: tuple[tuple[Callable[[Request], bool], Answer], ...] = (
    (
        lambda request: request.repeated,
        answers.error(400, "BadRequest", "Host and Authorization may appear only once"),
    ),
    (
        _is_for_another_host,
        answers.error(403, "Forbidden", "the Host header names another host: use 127.0.0.1, as SDKs do"),
    ),
    (
        _has(b"x-forwarded-for", b"forwarded"),
        answers.error(400, "BadRequest", "a proxy forwarded this: credentials are only for programs that ask directly"),
    ),
    (
        _has(b"origin", b"sec-fetch-site"),
        answers.error(403, "Forbidden", "a browser sent this: no page gets credentials"),
    ),
    (
        lambda request: request.method != "GET",
        answers.error(405, "MethodNotAllowed", "only GET is answered", (b"allow", b"GET")),
    ),
)
