"""A self-signed certificate of this machine, and a server that presents it."""

import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_made(directory: Path, *, address: str = "127.0.0.1", days: int = 1, is_critical: bool = True) -> Path:
    """Write `server.pem`, whose path is returned, with key and certificate, and `ca.pem` with the certificate alone.

    It is for the `address`, which may be a name, and valid from two days ago, for `days` from now. `is_critical` marks
    the basic constraints as RFC 5280 requires.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_alternative(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=is_critical)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = directory / "server.pem"
    path.write_bytes(private + made.public_bytes(pem))
    (directory / "ca.pem").write_bytes(made.public_bytes(pem))
    return path


def _alternative(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def hangs_up(_: ssl.SSLSocket) -> None:
    """Say nothing after the handshake."""


def garbles(connection: ssl.SSLSocket) -> None:
    """Read a whole request, and answer with bytes that are not TLS."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += connection.recv(65_536)
    with socket.socket(fileno=connection.detach()) as bare:
        bare.sendall(b"no TLS\r\n" * 4)


@contextmanager
def tls_server(
    directory: Path,
    then: Callable[[ssl.SSLSocket], object] | None = hangs_up,
    *,
    address: str = "127.0.0.1",
    days: int = 1,
    is_critical: bool = True,
) -> Iterator[str]:
    """Run a server that shakes hands and goes on with `then`, or hangs up at once without it; yields its URL.

    Its certificate is that of `self_made`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_made(directory, address=address, days=days, is_critical=is_critical))

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), connection:
                    if then is None:
                        connection.recv(1)
                        continue
                    with context.wrap_socket(connection, server_side=True) as secure:
                        then(secure)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
