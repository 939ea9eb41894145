"""One small request to a server: its limits of time and size, and its failures in words."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from oidc_helper.errors import TryAgain
from oidc_helper.machine import tls
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.words import printable

if TYPE_CHECKING:
    from urllib3 import PoolManager

_LARGEST = 1_048_576  # bytes of an answer
_CHUNK = 65_536  # bytes
_NETWORK = "check the network and the proxy (HTTPS_PROXY)"


class Answer(NamedTuple):
    """The answer to a request; a body that is too large is cut, and header names ignore case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def said(self) -> str:
        """The body as one line for a message, in which secrets are not covered yet."""
        return printable(self.body.decode("utf-8", "replace").strip())


def ask(  # noqa: PLR0913  the parts of a request
    url: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    ca_bundle: str | None = None,
    directly: bool = False,
) -> Answer:
    """The answer to a GET, or to the POST of a body, sent like all other requests; redirects are not followed.

    `directly` bypasses proxies. Raises TryAgain if no answer comes, WrongSettings for a proxy or certificates that
    cannot be used.
    """
    request = _Request("GET" if body is None else "POST", url, headers or {}, body)
    return _answer(request, timeout_s=timeout_s, ca_bundle=ca_bundle, directly=directly)


def head(url: str, *, timeout_s: float, ca_bundle: str | None = None) -> Answer:
    """The answer to a HEAD, which has headers only. Raises as `ask` does."""
    return _answer(_Request("HEAD", url), timeout_s=timeout_s, ca_bundle=ca_bundle)


def host_of(url: str) -> str:
    """The host and port of a URL, as messages name them."""
    return printable(urlsplit(url).netloc.rpartition("@")[2])


class _Request(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None


def _answer(request: _Request, *, timeout_s: float, ca_bundle: str | None, directly: bool = False) -> Answer:
    from urllib3.exceptions import HTTPError

    from oidc_helper.machine.http import way_to
    from oidc_helper.machine.trust import trust

    host, trusted = host_of(request.url), trust(ca_bundle) if request.url.startswith("https:") else None
    way = way_to(request.url, trust=trusted, directly=directly)
    try:
        return Deadline(timeout_s).run(lambda: _read(way, request, timeout_s))
    except DeadlinePassed:
        raise TryAgain(f"{host} does not answer in time", _NETWORK) from None
    except HTTPError as error:
        if trouble := tls.trouble(host, error):
            raise TryAgain(*trouble) from None
        raise TryAgain(f"{host} cannot be reached ({type(error).__name__})", _NETWORK) from None


def _read(way: "PoolManager", request: _Request, timeout_s: float) -> Answer:
    """The answer; its body is cut at our limits of size and time."""
    answer = way.request(
        request.method,
        request.url,
        body=request.body,
        headers=dict(request.headers),
        timeout=timeout_s,
        retries=False,
        redirect=False,
        preload_content=False,
    )
    content, ends = b"", time.monotonic() + timeout_s
    for part in answer.stream(_CHUNK):
        content += part
        if len(content) > _LARGEST or time.monotonic() > ends:
            break
    answer.close()
    return Answer(answer.status, content, answer.headers)
