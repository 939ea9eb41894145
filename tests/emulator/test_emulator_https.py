"""The emulator with https: a certificate that verifies, everywhere a client looks, and no plain http."""

import socket
import ssl
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from cryptography import x509

from oidc_helper.emulator import Emulator, example_config, shell_exports
from oidc_helper.emulator.keys import SigningKeys


@pytest.fixture
def secure(keys: SigningKeys) -> Iterator[Emulator]:
    with Emulator(keys=keys, https=True) as running:
        yield running


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "123456789012.localhost"])
def test_its_certificate_is_good_for_each_of_its_names(secure: Emulator, host: str) -> None:
    """With the strictest verification that Python has."""
    context = ssl.create_default_context(cadata=secure.authority_pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    address = ("127.0.0.1", urlsplit(secure.url).port)

    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        assert wrapped.version() == "TLSv1.3"


def test_nobody_can_make_more_certificates(secure: Emulator, keys: SigningKeys) -> None:
    """Each run has an authority of its own, which signs no other authority, and whose key is nowhere."""
    authority = x509.load_pem_x509_certificate(secure.authority_pem.encode())
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints)

    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)
    other = Emulator(keys=keys, https=True)
    other.stop()
    assert other.authority_pem != secure.authority_pem


def test_every_address_is_https(secure: Emulator) -> None:
    """In the metadata, the variables and the issuer of the tokens."""
    context = ssl.create_default_context(cadata=secure.authority_pem)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    with opener.open(secure.issuer + "/.well-known/openid-configuration") as answer:
        metadata = answer.read().decode()

    assert secure.issuer.startswith("https://")
    assert "http://" not in metadata
    assert "http://127.0.0.1" not in str(secure.environment)


def test_an_sdk_that_trusts_the_authority_is_served(secure: Emulator, tmp_path: Path) -> None:
    """By the file that the exports name."""
    authority, user = tmp_path / "ca.pem", secure.directory.iam_user
    authority.write_text(secure.authority_pem)
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=secure.url,
        verify=str(authority),
        aws_access_key_id=user.access_key_id,
        aws_secret_access_key=user.secret_access_key,
    )

    assert sts.get_caller_identity()["Arn"] == user.arn
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"export {name}={authority}\n" in shell_exports(secure, authority=str(authority))
    assert f'ca_bundle = "{authority}"\n' in example_config(secure, authority=str(authority))


def test_plain_http_gets_no_answer_and_harms_nobody(secure: Emulator) -> None:
    """A silent client does not keep others waiting, either."""
    parts = urlsplit(secure.url)
    with socket.create_connection(("127.0.0.1", parts.port or 0)):
        connection = HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", "/idp/keys")
        with pytest.raises((HTTPException, ConnectionError)):
            connection.getresponse()
        connection.close()
        context = ssl.create_default_context(cadata=secure.authority_pem)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        assert opener.open(secure.issuer + "/keys", timeout=10).status == 200


@pytest.mark.parametrize("cut", ["before", "within", "reset"])
def test_faults_cut_connections_of_tls_too(secure: Emulator, cut: str) -> None:
    secure.fault("Keys", cut=cut)
    context = ssl.create_default_context(cadata=secure.authority_pem)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    with pytest.raises((OSError, HTTPException)):
        opener.open(secure.issuer + "/keys", timeout=10).read()
    assert opener.open(secure.issuer + "/keys", timeout=10).status == 200
