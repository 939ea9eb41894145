"""What is behind a failure of TLS, in a person's words, and whether it came before anything was sent."""

import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple


class Trouble(NamedTuple):
    """`message` names the host; `hint` mends it."""

    message: str
    hint: str


_AUTHORITY = "name the certificate authority of your proxy with {setting} or AWS_CA_BUNDLE"
_CLOCK = "check this machine's clock; if it is right, whoever runs that server must renew the certificate"
_NETWORK = "check the network and the proxy (HTTPS_PROXY): a log-in page may answer in its place"
# By OpenSSL's x509_vfy.h; any other number is a chain of trust that ends nowhere.
_CERTIFICATES = {
    9: ("is not valid yet", _CLOCK),
    10: ("has expired", _CLOCK),
    62: ("is for another name", _NETWORK),
    64: ("is for another name", _NETWORK),
}


def trouble(host: str, error: BaseException, *, setting: str = "ca_bundle") -> Trouble | None:
    """Tell what went wrong with a certificate or the protocol; None where an error came from neither.

    `setting` names a certificate authority.
    """
    if wrong := _of_certificate(error):
        return Trouble(f"the TLS certificate of {host} {wrong[0]}", wrong[1].format(setting=setting))
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return Trouble(f"TLS with {host} breaks off ({cause.reason or type(cause).__name__})", _NETWORK)
    return None


def came_first(error: BaseException) -> bool:
    """Whether no byte of the request can have left; the libraries' own kinds of errors do not tell."""
    traces = (cause.__traceback__ for cause in _causes(error))
    shaking = any(trace.tb_frame.f_code.co_name == "do_handshake" for first in traces for trace in _following(first))
    return shaking or _of_certificate(error) is not None


def _of_certificate(error: BaseException) -> tuple[str, str] | None:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(cause.verify_code, ("is not trusted", _AUTHORITY))
        if type(cause).__name__ == "CertificateError":  # of urllib3, which compares names by itself
            return _CERTIFICATES[62]
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _following(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
