"""What is refused whatever it asks for: what no SDK sends, but a web page, a proxy or a deceived server does."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from oidc_helper.serve import answers
from oidc_helper.serve.answers import Answer, Headers

# Where SDKs send plain http to beside this machine: the addresses of ECS, and of EKS Pod Identity.
CONTAINER_HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
_HOSTS = {"localhost", *CONTAINER_HOSTS}
_HOST = re.compile(r"(?:\[(?P<inside>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]*)?")  # RFC 3986, 3.2.2
_ONCE = (b"host", b"authorization")


class Request(NamedTuple):
    """What is looked at: the headers by their name in small letters, and the address that the connection came to."""

    method: str
    headers: Mapping[bytes, bytes]
    repeated: bool
    address: str


def request(method: str, headers: Headers, address: str) -> Request:
    """The request with these headers; a program that reads another one of two Host headers would be deceived."""
    by_name = dict(headers)
    repeated = len(by_name) != len(headers) and any([name for name, _ in headers].count(one) > 1 for one in _ONCE)
    return Request(method, by_name, repeated, address)


def refusal(asked: Request) -> Answer | None:
    """The answer to a request that is not for us; None where nothing speaks against it."""
    return next((answer for holds, answer in _RULES if holds(asked)), None)


def _has(*names: bytes) -> Callable[[Request], bool]:
    return lambda asked: any(name in asked.headers for name in names)


def _is_for_another_host(asked: Request) -> bool:
    """A name that its owner leads to this machine (DNS rebinding): a page would have the right to read our answers."""
    host = _HOST.fullmatch(asked.headers.get(b"host", b"").decode("latin-1").lower())
    name = (host["inside"] or host["name"]) if host else ""
    return name != asked.address and name not in _HOSTS and not _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


# The first that holds is the answer.
_RULES: tuple[tuple[Callable[[Request], bool], Answer], ...] = (
    (
        lambda asked: asked.repeated,
        answers.error(400, "BadRequest", "Host and Authorization may be there only once"),
    ),
    (
        _is_for_another_host,
        answers.error(403, "Forbidden", "the Host header names another host: ask 127.0.0.1, which SDKs take"),
    ),
    (
        _has(b"x-forwarded-for", b"forwarded"),
        answers.error(
            400, "BadRequest", "a proxy has forwarded this: credentials are for programs that ask themselves"
        ),
    ),
    (
        _has(b"origin", b"sec-fetch-site"),
        answers.error(403, "Forbidden", "a browser sent this: no page gets credentials"),
    ),
    (
        lambda asked: asked.method != "GET",
        answers.error(405, "MethodNotAllowed", "only GET is answered", (b"allow", b"GET")),
    ),
)
