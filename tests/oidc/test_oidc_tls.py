"""Certificates are trusted by the bundle of the settings or the environment; the ways to a provider behind TLS."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.certificates import garbles, self_made, tls_server
from fakes.proxies import socks_proxy

from oidc_helper.errors import TryAgain
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import discover


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of this machine, with its key in the same file."""
    return self_made(tmp_path)


@pytest.fixture
def issuer(certificate: Path) -> Iterator[str]:
    """A provider behind TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = {"issuer": url, "token_endpoint": url + "/token", "jwks_uri": url + "/keys"}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that does not trust us

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(("127.0.0.1", 0), Handler) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield url
        server.shutdown()
        thread.join()


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(issuer: str) -> None:
    """The hint names the setting."""
    with pytest.raises(TryAgain) as caught:
        discover(issuer, client=Client("native"), timeout_s=10)

    assert caught.value.message == f"the TLS certificate of {issuer.removeprefix('https://')} is not trusted"
    assert "ca_bundle or AWS_CA_BUNDLE" in caught.value.hint
    assert caught.value.never_sent


@pytest.mark.parametrize(
    ("server", "message", "never_sent"),
    [
        ({"days": -1}, "the TLS certificate of {} has expired", True),
        ({"address": "127.0.0.2"}, "the TLS certificate of {} is for another name", True),
        ({"then": None}, "{} cannot be reached (connection reset by peer)", True),
        ({"then": garbles}, "TLS with {} breaks off (WRONG_VERSION_NUMBER)", False),
    ],
)
def test_a_certificate_s_fault_is_named(
    tmp_path: Path, server: dict[str, Any], message: str, *, never_sent: bool
) -> None:
    """Where TLS breaks off later, the request may have been received."""
    client = Client("native", ca_bundle=str(tmp_path / "ca.pem"))
    with tls_server(tmp_path, **server) as url, pytest.raises(TryAgain) as caught:
        discover(url, client=client, timeout_s=10)

    assert caught.value.message == message.format(url.removeprefix("https://"))
    assert caught.value.never_sent is never_sent


def test_the_bundle_of_the_settings_is_trusted(issuer: str, tmp_path: Path) -> None:
    assert discover(issuer, client=Client("native", ca_bundle=str(tmp_path / "ca.pem")), timeout_s=10).issuer == issuer


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_bundle_of_the_environment_is_trusted(
    issuer: str, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variables of the AWS tools, other Python programs and OpenSSL."""
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))

    assert discover(issuer, client=Client("native"), timeout_s=10).issuer == issuer


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_leads_to_a_provider(
    issuer: str, tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's own certificate counts, for the name that the proxy is told."""
    client = Client("native", ca_bundle=str(tmp_path / "ca.pem"))
    port = int(issuer.rpartition(":")[2])
    with socks_proxy(("127.0.0.1", port), user=b"me", password=b"p@55") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://me:p%4055@127.0.0.1:{proxy.port}")
        with pytest.raises(TryAgain, match="the TLS certificate of login.example.com is for another name"):
            discover("https://login.example.com", client=client, timeout_s=10)
        assert discover(issuer, client=client, timeout_s=10).issuer == issuer

    assert proxy.asked == [("login.example.com", 443)]


@pytest.mark.parametrize("settings", [{"code": 5}, {"user": b"me"}], ids=["a refusal", "a password is needed"])
def test_a_socks_proxy_that_does_not_connect_received_nothing_to_pass_on(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socks_proxy(("127.0.0.1", 1), **settings) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
        with pytest.raises(TryAgain, match="cannot be reached") as caught:
            discover("https://login.example.com", client=Client("native"), timeout_s=10)

    assert caught.value.never_sent
