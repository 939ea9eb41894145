"""The address of an access portal tells the region of Identity Center, by itself or by its redirect."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from oidc_helper.aws import start_url
from oidc_helper.configure import portal
from oidc_helper.errors import TryAgain


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("https://ssoins-1234567890abcdef.portal.eu-west-1.app.aws", "eu-west-1"),
        ("https://identitycenter.eu-central-1.portal.amazonaws.com/start", "eu-central-1"),
        ("https://start.cn-north-1.portal.amazonaws.com.cn/", "cn-north-1"),
        ("https://start.eusc-de-east-1.portal.amazonaws.eu/", "eusc-de-east-1"),
        ("https://d-1234567890.awsapps.com/start", ""),
        ("https://eu-west-1.example.com/", ""),
        ("https://[", ""),
    ],
)
def test_the_host_names_the_region(address: str, region: str) -> None:
    """As the AWS CLI reads it."""
    assert portal.region_in(address) == region


@pytest.fixture
def vanity() -> Iterator[tuple[str, dict[str, str]]]:
    """A start URL of one's own, and the redirects of its paths."""
    targets: dict[str, str] = {}

    class Service(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            target = targets.get(self.path)
            self.send_response(302 if target else 200)
            if target:
                self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", targets
        server.shutdown()


def followed(url: str) -> str:
    return start_url.followed(url, until=portal.region_in, ca_bundle=None, timeout_s=10)


def test_a_redirect_names_the_region(vanity: tuple[str, dict[str, str]]) -> None:
    """It is followed no further than it takes: that page is nobody's business."""
    url, targets = vanity
    targets |= {"/start": "/login", "/login": "https://ssoins-1.portal.eu-west-1.app.aws/"}

    assert portal.region_in(followed(f"{url}/start")) == "eu-west-1"


def test_redirects_in_a_circle_come_to_an_end(vanity: tuple[str, dict[str, str]]) -> None:
    """And a page that names no region is none."""
    url, targets = vanity
    targets |= {"/start": "/start"}

    assert portal.region_in(followed(f"{url}/start")) == ""
    assert portal.region_in(followed(f"{url}/")) == ""


def test_no_address_without_tls_is_asked() -> None:
    """But for this machine's own."""
    assert followed("http://nobody.invalid/start") == "http://nobody.invalid/start"


def test_a_portal_out_of_reach_is_told() -> None:
    """Naming the region will do as well."""
    with pytest.raises(TryAgain) as failed:
        followed("http://127.0.0.1:9/start")

    assert "127.0.0.1:9 cannot be reached" in failed.value.message
    assert "name the region" in failed.value.hint
