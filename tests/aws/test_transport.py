"""Requests to AWS go the way that all others go."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError
from botocore.parsers import ResponseParserError
from fakes.one_answer import endless
from fakes.proxies import refusing_proxy, socks_proxy
from fakes.resolvers import black_hole, resolve

from oidc_helper.aws.attempts import never_sent
from oidc_helper.aws.transport import Transport
from oidc_helper.errors import WrongSettings

HOST = "sts.example.com"
_ANSWER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def sts() -> Iterator[tuple[str, int]]:
    """The place of a service."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(_ANSWER)))
            self.end_headers()
            self.wfile.write(_ANSWER)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield ("127.0.0.1", server.server_port)
        server.shutdown()


def account(url: str, *, timeout_s: float = 60) -> Any:
    """Ask the service at the URL for the account of the caller."""
    session = botocore.session.Session()
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    client: Any = session.create_client("sts", region_name="eu-west-1", endpoint_url=url, config=config)
    Transport(ca_bundle=None, connect_s=timeout_s, read_s=timeout_s).serve(client)
    return client.get_caller_identity()["Account"]


def test_an_address_that_swallows_packets_does_not_delay_a_call(
    sts: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each took the whole time to connect before the next address was tried."""
    with black_hole() as swallows:
        resolve(monkeypatch, HOST, swallows, sts)
        began = time.monotonic()
        assert account(f"http://{HOST}") == "123456789012"

    assert time.monotonic() - began < 60 / 4


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_socks_proxy_leads_to_the_service(
    sts: tuple[str, int], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore took such a proxy for one called `socks5`."""
    with socks_proxy(sts) as proxy:
        monkeypatch.setenv(variable, f"socks5h://127.0.0.1:{proxy.port}")
        assert account(f"http://{HOST}") == "123456789012"

    assert proxy.asked == [(HOST, 80)]


def test_a_proxy_that_does_not_connect_received_nothing_to_pass_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socks_proxy(("127.0.0.1", 1), code=4) as proxy, refusing_proxy() as refusing:
        for url in (f"socks5://127.0.0.1:{proxy.port}", refusing):
            monkeypatch.setenv("HTTPS_PROXY", url)
            with pytest.raises(ProxyConnectionError) as caught:
                account(f"https://{HOST}")
            assert never_sent(caught.value)


def test_a_proxy_is_not_asked_for_this_machine(sts: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """As the emulator is."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    assert account(f"http://127.0.0.1:{sts[1]}") == "123456789012"


def test_a_wrong_proxy_or_bundle_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks4://127.0.0.1:9")
    with pytest.raises(WrongSettings, match="https_proxy names a proxy with socks4://"):
        account(f"https://{HOST}")

    monkeypatch.delenv("https_proxy")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(WrongSettings, match="AWS_CA_BUNDLE: the certificates in /nowhere.pem"):
        account(f"https://{HOST}")


def test_others_see_a_request_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those who come later: they tell by it whether a token that counts once may have been spent."""
    session = botocore.session.Session()
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    client: Any = session.create_client("sts", region_name="eu-west-1", endpoint_url=f"http://{HOST}", config=config)
    Transport(ca_bundle=None, connect_s=1, read_s=1).serve(client)
    seen: list[str] = []
    client.meta.events.register("before-send", lambda request, **_: seen.append(request.url))
    with black_hole() as swallows:
        resolve(monkeypatch, HOST, swallows)
        with pytest.raises(ConnectTimeoutError):
            client.get_caller_identity()

    assert seen == [f"http://{HOST}/"]


def test_a_name_that_nobody_knows_is_an_error_of_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "made up")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(EndpointConnectionError) as caught:
        account(f"http://{HOST}")
    assert never_sent(caught.value)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["of 4 GiB", "chunked"])
@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_without_end_is_cut(*, is_chunked: bool, status: int) -> None:
    """It took 4 GiB of memory in eight seconds."""
    with endless(status, is_chunked=is_chunked) as (url, cut):
        with pytest.raises(ResponseParserError, match="more than 10,485,760 bytes"):
            account(url)
        assert cut.wait(60)
