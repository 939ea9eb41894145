"""A provider that lies on demand, and a client of it."""

from collections.abc import Iterator

import pytest
from fakes.provider import CLIENT, FakeProvider, fake_provider

from oidc_helper.oidc.connection import Client


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A running provider, honest until a test changes it."""
    with fake_provider() as running:
        yield running


@pytest.fixture
def client() -> Client:
    """A public client of that provider."""
    return Client(CLIENT)


@pytest.fixture(autouse=True)
def plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates of the machine that runs the tests."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
