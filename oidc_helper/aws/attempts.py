"""The attempts of one call to AWS: where each was sent, and whether a byte of any may have arrived."""

from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions

from oidc_helper.machine import tls

# These fail while connecting.
UNCONNECTED = (
    exceptions.EndpointConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyConnectionError,
)


class Attempts:
    """The attempts that a client makes from now on, until `stop_watching`."""

    def __init__(self, client: Any) -> None:
        self._hosts = [_host(client.meta.endpoint_url)]
        self._failures: list[Exception | None] = []
        self._status = 200
        self._events = client.meta.events
        self._events.register("before-send", self._sending)
        self._events.register("before-parse", self._answered)
        # Before botocore's own handler, which may repeat the request.
        self._events.register_first("needs-retry", self._ended)

    def stop_watching(self) -> None:
        """Ignore all further calls of the client."""
        self._events.unregister("before-send", self._sending)
        self._events.unregister("before-parse", self._answered)
        self._events.unregister("needs-retry", self._ended)

    @property
    def host(self) -> str:
        """The host of the last attempt, or the endpoint's if there was none: its rules may put an account in front."""
        return self._hosts[-1]

    @property
    def status(self) -> int:
        """The HTTP status of the last answer, 200 if there is none."""
        return self._status

    @property
    def begun(self) -> bool:
        """Whether botocore got as far as sending a request."""
        return len(self._hosts) > 1

    @property
    def sent(self) -> bool:
        """Whether a byte of a request may have left."""
        return self.begun and not all(failure and never_sent(failure) for failure in self._failures)

    def _sending(self, request: Any, **_: Any) -> None:
        self._hosts.append(_host(request.url))

    def _answered(self, response_dict: dict[str, Any], **_: Any) -> None:
        self._status = response_dict["status_code"]

    def _ended(self, caught_exception: Exception | None, **_: Any) -> None:
        self._failures.append(caught_exception)


def connect_once(client: Any) -> None:
    """Make the client give up after one failed connection."""

    def give_up(caught_exception: Exception | None, **_: Any) -> None:
        if isinstance(caught_exception, UNCONNECTED):
            raise caught_exception

    client.meta.events.register_first("needs-retry", give_up)


def never_sent(error: Exception) -> bool:
    """Whether no byte of the request has left, so that a single-use token may be sent again."""
    return isinstance(error, UNCONNECTED) or tls.came_before_request(error)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
