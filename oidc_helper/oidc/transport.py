"""A transport that sends httpx2's requests the way that all our other requests go."""

from collections.abc import Iterator

import httpx2
from urllib3 import BaseHTTPResponse, Timeout
from urllib3 import exceptions as failures

from oidc_helper.machine import tls
from oidc_helper.machine.http import way_to
from oidc_helper.machine.trust import trust

_CHUNK = 65_536  # bytes after decompression too: a small answer cannot fill the memory
_DECODED = ("gzip", "x-gzip", "deflate")
# urllib3's error -> the httpx2 error to raise for it; the first that fits counts.
_ERRORS: dict[type[Exception], type[httpx2.RequestError]] = {
    failures.NewConnectionError: httpx2.ConnectError,
    failures.ProxyError: httpx2.ProxyError,
    failures.ConnectTimeoutError: httpx2.ConnectTimeout,
    failures.ReadTimeoutError: httpx2.ReadTimeout,
    failures.DecodeError: httpx2.DecodingError,
    failures.ProtocolError: httpx2.RemoteProtocolError,
    failures.HTTPError: httpx2.ReadError,
}


class Transport(httpx2.BaseTransport):
    """Sends requests to the host of one URL. Raises WrongSettings if the proxy or certificates cannot be used."""

    def __init__(self, url: str, *, ca_bundle: str | None) -> None:
        self._way = way_to(url, trust=trust(ca_bundle))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; the answer's body is read and decoded only as the caller reads it."""
        limits = request.extensions["timeout"]
        try:
            answer = self._way.urlopen(
                request.method,
                str(request.url),
                body=request.read(),
                headers={name.decode(): text.decode("latin-1") for name, text in request.headers.raw},
                timeout=Timeout(connect=limits["connect"], read=limits["read"]),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except failures.HTTPError as error:
            raise _error(error) from error
        encoding = answer.headers.get("Content-Encoding", "").lower()
        headers = [(name, text) for name, text in answer.headers.items() if not _is_outdated(name, encoding)]
        return httpx2.Response(answer.status, headers=headers, stream=_Body(answer), request=request)

    def close(self) -> None:
        """Close the connections."""
        self._way.clear()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.stream(_CHUNK, decode_content=True)
        except failures.HTTPError as error:
            raise _error(error) from error

    def close(self) -> None:
        self._answer.close()


def _is_outdated(header: str, encoding: str) -> bool:
    """Whether a header describes the body as it was before decoding."""
    return encoding in _DECODED and header.lower() in {"content-encoding", "content-length"}


def _error(error: failures.HTTPError) -> httpx2.RequestError:
    kind = next(kind for cause, kind in _ERRORS.items() if isinstance(error, cause))
    return (httpx2.ConnectError if tls.came_before_request(error) else kind)(str(error))
