"""Sends botocore's requests as we send all others: botocore itself supports neither SOCKS nor several CA bundles."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.parsers import ResponseParserError
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3 import exceptions as failures

from oidc_helper.machine.http import way_to
from oidc_helper.machine.trust import trust

CONNECT_S = 10  # a handshake that takes longer has met a firewall that drops packets
GRACE_S = 1  # from the seconds that `Deadline.left` keeps back: botocore's own timeouts come first, and say more
_LARGEST = 10_485_760  # bytes of an answer; AWS's own have some 10,000
_EVENT = "before-send"  # our handler sends; it is the last, so that the others see the request before it leaves
# urllib3's error -> botocore's error for it; the first match counts.
_ERRORS: dict[type[Exception], type[exceptions.BotoCoreError]] = {
    failures.SSLError: exceptions.SSLError,
    failures.NewConnectionError: exceptions.EndpointConnectionError,
    failures.ProxyError: exceptions.ProxyConnectionError,
    failures.ConnectTimeoutError: exceptions.ConnectTimeoutError,
    failures.ReadTimeoutError: exceptions.ReadTimeoutError,
    failures.ProtocolError: exceptions.ConnectionClosedError,
    failures.HTTPError: exceptions.HTTPClientError,
}


class Transport:
    """Sends requests, once registered by `serve` or `serve_all`, or put in the place of botocore's own HTTP session.

    `ca_bundle` and `setting` are those of `machine.trust`. The seconds are for connecting and between two reads; None
    is no limit. `directly` ignores proxies.
    """

    def __init__(
        self,
        *,
        ca_bundle: str | None,
        connect_s: float | None,
        read_s: float | None,
        setting: str = "ca_bundle",
        directly: bool = False,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._setting = setting
        self._directly = directly
        self._timeout = Timeout(connect=connect_s, read=read_s)
        self._ways: dict[str, PoolManager] = {}

    def serve(self, client: Any) -> None:
        """Send the requests of a client. Its proxy and certificates are checked at once. Raises WrongSettings."""
        self._way(client.meta.endpoint_url)
        client.meta.events.register_last(_EVENT, self.send)

    def serve_all(self, session: Any) -> None:
        """Send the requests of all clients that the session will make."""
        session.get_component("event_emitter").register_last(_EVENT, self.send)

    def probe(self, url: str) -> None:
        """Connect to the host of the URL, and send it a HEAD request. Raises botocore's errors."""
        self.send(AWSRequest(method="HEAD", url=url).prepare())

    def _way(self, url: str) -> PoolManager:
        scheme, host, *_ = urlsplit(url)
        server = f"{scheme}://{host}"
        if server not in self._ways:
            trusted = trust(self._ca_bundle, setting=self._setting) if scheme == "https" else None
            self._ways[server] = way_to(server, trust=trusted, directly=self._directly)
        return self._ways[server]

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """The whole answer to a request. Raises botocore's errors, also for an endless answer, and WrongSettings."""
        try:
            answer = self._way(request.url).urlopen(
                request.method,
                request.url,
                body=request.body,
                headers=request.headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                enforce_content_length=False,
            )
            headers: Any = dict(answer.headers)
            response = AWSResponse(request.url, answer.status, headers, _Bounded(answer))
            response.content  # noqa: B018  # reads the body here, where its errors are translated
        except failures.HTTPError as error:
            kind = next(kind for cause, kind in _ERRORS.items() if isinstance(error, cause))
            raise kind(endpoint_url=request.url, proxy_url="the proxy", error=error, request=request) from error
        return response


class _Bounded:
    """The body of an answer, in the form that AWSResponse reads; an endless body is refused."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer

    def stream(self) -> Iterator[bytes]:
        """Its pieces. Raises ResponseParserError and urllib3's errors."""
        received = 0
        for piece in self._answer.stream():
            received += len(piece)
            if received > _LARGEST:
                self._answer.close()
                raise ResponseParserError(f"the answer has more than {_LARGEST:,} bytes")
            yield piece
