"""What a failure of TLS is called, and whether the request can have left before it."""

import socket
import ssl

import pytest
from urllib3.util.ssl_match_hostname import CertificateError

from oidc_helper.machine import tls


def of_certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    return error


def wrapped(cause: BaseException) -> Exception:
    """As a library raises it: behind errors of its own."""
    error, outer = OSError("of the library"), RuntimeError("of another")
    error.__context__, outer.__cause__ = cause, error
    return outer


CLOCK, NETWORK, AUTHORITY = "check this machine's clock", "check the network and the proxy", "with ca_bundle or AWS_CA"
# Error -> message and hint. A certificate's fault is found in the handshake, before the request.
CERTIFICATES = {
    "not yet": (of_certificate(9), "the TLS certificate of host is not valid yet", CLOCK),
    "expired": (of_certificate(10), "the TLS certificate of host has expired", CLOCK),
    "name": (of_certificate(62), "the TLS certificate of host is for another name", NETWORK),
    "address": (of_certificate(64), "the TLS certificate of host is for another name", NETWORK),
    "self-signed": (of_certificate(18), "the TLS certificate of host is not trusted", AUTHORITY),
    "no issuer": (of_certificate(20), "the TLS certificate of host is not trusted", AUTHORITY),
    "no number": (ssl.SSLCertVerificationError("x"), "the TLS certificate of host is not trusted", AUTHORITY),
    "urllib3's name": (CertificateError("no match"), "the TLS certificate of host is for another name", NETWORK),
}
PROTOCOL = {
    "a reason": (ssl.SSLError(1, "[SSL: X] x"), "TLS with host breaks off (SSLError)", NETWORK),
    "the end": (ssl.SSLEOFError(8, "EOF"), "TLS with host breaks off (SSLEOFError)", NETWORK),
}


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_certificate_is_at_fault_before_the_request(kind: str) -> None:
    """Each with the hint that mends it, however deep the libraries hide it."""
    error, message, hint = CERTIFICATES[kind]
    trouble = tls.trouble("host", wrapped(error))

    assert trouble
    assert trouble.message == message
    assert trouble.hint.startswith(hint) or hint in trouble.hint
    assert tls.came_before_request(wrapped(error))


@pytest.mark.parametrize("kind", PROTOCOL)
def test_the_protocol_may_break_off_after_the_request(kind: str) -> None:
    """Nothing tells that the request did not arrive."""
    error, message, hint = PROTOCOL[kind]
    trouble = tls.trouble("host", wrapped(error))

    assert trouble
    assert trouble.message == message
    assert trouble.hint.startswith(hint)
    assert not tls.came_before_request(wrapped(error))


def test_a_handshake_that_fails_comes_before_the_request() -> None:
    """Whatever the error, since the request is sent after it."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"no TLS" * 9)
    with ours, theirs, pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context().wrap_socket(ours, server_hostname="host")

    assert tls.came_before_request(wrapped(caught.value))


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), ValueError()])
def test_other_errors_are_none_of_tls(error: Exception) -> None:
    """Another explanation fits them better."""
    assert tls.trouble("host", wrapped(error)) is None
    assert not tls.came_before_request(wrapped(error))
