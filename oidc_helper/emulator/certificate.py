"""A certificate authority for a single run, and the emulator's certificate that it signs."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ADDRESSES = ("127.0.0.1", "::1")
_VALID_DAYS = 90  # browsers and Apple's systems refuse years; the certificate ends with the emulator's process anyway
_SLACK = dt.timedelta(hours=1)  # for clocks that are wrong
_PEM = serialization.Encoding.PEM


def certified(names: Iterable[str]) -> tuple[ssl.SSLContext, str]:
    """A server's TLS context for loopback and the names, and the authority in PEM form, which clients must trust.

    The authority's key is discarded once it has signed.
    """
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = _named("oidc-helper emulator, authority of one run"), authority_key.public_key()
    authority = (
        _builder(issuer, issuer, issuer_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(of_authority=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    places = [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    certificate = (
        _builder(_named("oidc-helper emulator"), issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(of_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([*places, *map(x509.DNSName, names)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return _context(key, certificate), authority.public_bytes(_PEM).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - _SLACK, now + dt.timedelta(days=_VALID_DAYS)
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, of_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not of_authority,
        key_cert_sign=of_authority,
        crl_sign=of_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
    """Load the key through a temporary file: Python's ssl loads keys from files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with TemporaryDirectory(prefix="oidc-helper-emulator-") as directory:
        path = Path(directory, "server.pem")  # only the owner can read the directory
        path.write_bytes(private + certificate.public_bytes(_PEM))
        context.load_cert_chain(path)
    return context
