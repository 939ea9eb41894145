"""One HTTP call to an identity provider: its limits of time and size, and its errors in words."""

import logging
import socket
import time
from base64 import b64encode
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]  # it has no types

from oidc_helper import __version__, redaction
from oidc_helper.errors import OidcHelperError, Refused, TryAgain
from oidc_helper.machine import tls
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.machine.hosts import nothing_listens
from oidc_helper.machine.requests import host_of
from oidc_helper.oidc.transport import Transport
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.oidc.connection")

_T = TypeVar("_T")

_LARGEST = 1_048_576  # bytes of an answer; discovery documents and key sets have some 10,000
_LONGEST_CALL_S = 20  # no single answer may take all of a person's patience
_NETWORK = "check the network and the proxy (HTTPS_PROXY)"
_REFUSED = "the connection is refused"


@dataclass(frozen=True)
class Client:
    """The client as the provider knows it, and the authorities to trust beside the usual ones.

    `authentication` is a token_endpoint_auth_method (RFC 7591 section 2); empty leaves it to the provider.
    """

    client_id: str
    secret: str | None = field(default=None, repr=False)
    authentication: str = ""
    ca_bundle: str | None = None


def call(  # noqa: PLR0913 - the parts of a call
    url: str,
    send: Callable[[Any], _T],
    *,
    issuer: str,
    client: Client,
    timeout_s: float,
    authentication: str = "none",
    wants_json: bool = True,
) -> _T:
    """Let `send` talk to the host of `url`, an address of `issuer`, with an `authlib` session; it follows no redirect.

    Raises TryAgain if no answer came or the trouble may pass, Refused if the answer is of no use, WrongSettings for a
    proxy or certificates that cannot be used.
    """
    host = host_of(url)
    seconds = max(0.1, min(timeout_s, _LONGEST_CALL_S))
    ends = time.monotonic() + seconds

    def work() -> _T:
        judge = _Judge(host, issuer, ends, wants_json=wants_json)
        with closing(_session(client, url, authentication, seconds, judge)) as session:
            return send(session)

    try:
        return Deadline(seconds).run(work)
    except OidcHelperError as error:
        if isinstance(error, DeadlinePassed):
            raise _too_slow(host) from None
        raise
    except httpx2.TimeoutException as error:
        raise _too_slow(host, never_sent=isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout)) from None
    except httpx2.TransportError as error:
        raise _unreached(host, error) from None
    except httpx2.InvalidURL:
        raise Refused(f"{host} names an impossible URL") from None
    except httpx2.HTTPError as error:
        message = f"{host} gives an answer that cannot be used ({type(error).__name__})"
        raise Refused(message, provider_hint(issuer)) from None
    except (ValueError, TypeError, AttributeError, RecursionError):  # json and authlib raise these for nonsense
        raise nonsense(host, issuer) from None


def get_json(url: str, *, issuer: str, client: Client, timeout_s: float, fresh: bool = False) -> dict[str, Any]:
    """The JSON object at `url`; `fresh` bypasses caches on the way. Raises as `call` does."""
    headers = {"Accept": "application/json"} | ({"Cache-Control": "no-cache"} if fresh else {})

    def send(session: Any) -> Any:
        response = session.request("GET", url, withhold_token=True, headers=headers)
        if response.status_code >= 400:
            raise _no_success(response, issuer)
        return response.json()

    document = call(url, send, issuer=issuer, client=client, timeout_s=timeout_s)
    if not isinstance(document, dict):
        raise nonsense(host_of(url), issuer)
    return document


def nonsense(host: str, issuer: str) -> Refused:
    """The error for an answer that makes no sense."""
    return Refused(f"{host} gives an answer that makes no sense", provider_hint(issuer))


def provider_hint(issuer: str) -> str:
    """The hint for an answer that no OpenID provider would give."""
    return f"{_issuer_hint(issuer)}: is this an OpenID provider?"


def _issuer_hint(issuer: str) -> str:
    return f'check issuer = "{issuer}"'


def _no_success(response: Any, issuer: str) -> Refused:
    """The error for a failure without a reason; it names the address of the request."""
    address = printable(str(response.url).partition("?")[0])
    return Refused(f"{address} answers with HTTP status {response.status_code}", _issuer_hint(issuer))


def _session(client: Client, url: str, authentication: str, timeout_s: float, judge: "_Judge") -> Any:
    redaction.learn(client.secret)
    session = OAuth2Client(
        client.client_id,
        client.secret,
        token_endpoint_auth_method=authentication,
        revocation_endpoint_auth_method=authentication,
        transport=Transport(url, ca_bundle=client.ca_bundle),
        timeout=timeout_s,
        follow_redirects=False,
        headers={"User-Agent": f"oidc-helper/{__version__}", "Accept-Encoding": "identity"},
        event_hooks={"response": [judge.judge]},
    )
    session.register_client_auth_method(("client_secret_basic", _basic))
    return session


def _basic(client: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """RFC 6749 section 2.3.1, with the form encoding of both parts that authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    basic = b64encode(pair.encode()).decode()
    redaction.learn(pair, basic)
    headers["Authorization"] = f"Basic {basic}"
    return uri, headers, body


@dataclass(frozen=True)
class _Judge:
    """Judges an answer before its body is read. Raises Refused or TryAgain; `ends` is on the monotonic clock."""

    host: str
    issuer: str
    ends: float
    wants_json: bool

    def judge(self, response: Any) -> None:
        status = response.status_code
        if status >= 500 or status == 429:
            raise TryAgain(f"{self.host} answers with HTTP status {status}", "try again in a while")
        if 300 <= status < 400:
            target = printable(response.headers.get("Location", "nowhere"))
            raise Refused(f"{self.host} redirects to {target}, which is not followed", _issuer_hint(self.issuer))
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Refused(f"{self.host} sends a compressed answer that nobody asked for", _issuer_hint(self.issuer))
        response.stream = _Bounded(response.stream, self)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        # Some providers send JSON as text/plain, text/html or application/octet-stream.
        if media_type.endswith(("/json", "+json")) or _begins_as_json(response):
            return
        if status >= 400:
            raise _no_success(response, self.issuer)
        if self.wants_json:
            sent = printable(media_type) or "something"
            raise Refused(f"{self.host} sends {sent} and not JSON", _issuer_hint(self.issuer))

    def too_much(self) -> Refused:
        return Refused(f"{self.host} answers with more than {_LARGEST:,} bytes", _issuer_hint(self.issuer))


def _begins_as_json(response: Any) -> bool:
    return bool(response.read().removeprefix(BOM_UTF8).lstrip()[:1] == b"{")


class _Bounded(httpx2.SyncByteStream):
    """A body within the limits of time and size; httpx2's own timeouts only limit single reads."""

    def __init__(self, stream: httpx2.SyncByteStream, judge: _Judge) -> None:
        self._stream = stream
        self._judge = judge

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._stream:
            received += len(chunk)
            if received > _LARGEST:
                raise self._judge.too_much()
            if time.monotonic() > self._judge.ends:
                raise _too_slow(self._judge.host)
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _too_slow(host: str, *, never_sent: bool = False) -> TryAgain:
    answer = "takes no connection" if never_sent else "does not answer"
    log.debug("%s: %s in time", host, answer)
    return TryAgain(f"{host} {answer} in time", _NETWORK, never_sent=never_sent)


def _unreached(host: str, error: Exception) -> TryAgain:
    never_sent = isinstance(error, httpx2.ConnectError | httpx2.ProxyError)
    trouble, reason = tls.trouble(host, error), _reason(error)
    log.debug("%s: %s: %s", host, type(error).__name__, trouble.message if trouble else reason)
    if trouble:
        return TryAgain(*trouble, never_sent=never_sent)
    reach = "cannot be reached" if never_sent else "breaks the connection off"
    hint = nothing_listens(host, "issuer") if reason == _REFUSED else ""
    return TryAgain(f"{host} {reach} ({reason})", hint or _NETWORK, never_sent=never_sent)


def _reason(error: BaseException) -> str:
    """The system's reason for a failed connection, in a few words; else the library's name for it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "the name is not found"
        if isinstance(cause, ConnectionRefusedError):
            return _REFUSED
        if isinstance(cause, OSError) and cause.strerror:
            return printable(cause.strerror.lower())
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
