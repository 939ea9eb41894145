"""Explains TLS failures to people, and tells whether one came before the request was sent."""

import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple


class Trouble(NamedTuple):
    """An explained failure: `message` names the host, `hint` tells how to mend it."""

    message: str
    hint: str


_AUTHORITY = "name the certificate authority of your proxy with {setting} or AWS_CA_BUNDLE"
_CLOCK = "check this machine's clock; if it is right, the operator of that server must renew the certificate"
_NETWORK = "check the network and the proxy (HTTPS_PROXY): a log-in page may answer in its place"
_OF_HANDSHAKE = {"do_handshake", "ssl_wrap_socket"}  # ssl_wrap_socket reads certificates first
_BROKEN = "tell the operator of that server, or of your proxy, that its certificate must be replaced"
# Numbers of OpenSSL's x509_vfy.h; systems that verify by themselves give none.
_UNVOUCHED = (0, 1, 2, 18, 19, 20, 21, 27)  # no authority known here vouches for the certificate
_CERTIFICATES = {
    9: ("is not valid yet", _CLOCK),
    10: ("has expired", _CLOCK),
    62: ("is for another name", _NETWORK),
    64: ("is for another name", _NETWORK),
}


def trouble(host: str, error: BaseException, *, setting: str = "ca_bundle") -> Trouble | None:
    """Explain an error that a certificate or the protocol caused; None for any other.

    `setting` is the setting that names a certificate authority.
    """
    if wrong := _of_certificate(error):
        return Trouble(f"the TLS certificate of {host} {wrong[0]}", wrong[1].format(setting=setting))
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "reason", None) or type(cause).__name__  # only OpenSSL's own errors have one
            return Trouble(f"TLS with {host} breaks off ({reason})", _NETWORK)
    return None


def came_before_request(error: BaseException) -> bool:
    """Whether no byte of the request can have left; the libraries' types of errors do not tell."""
    frames = (trace.tb_frame for cause in _causes(error) for trace in _traces(cause.__traceback__))
    return any(frame.f_code.co_name in _OF_HANDSHAKE for frame in frames) or _of_certificate(error) is not None


def _of_certificate(error: BaseException) -> tuple[str, str] | None:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            code = getattr(cause, "verify_code", 0)
            if code in _UNVOUCHED:
                return "is not trusted", _AUTHORITY
            return _CERTIFICATES.get(code, (f"is not trusted: {getattr(cause, 'verify_message', code)}", _BROKEN))
        if type(cause).__name__ == "CertificateError":  # urllib3 compares names by itself
            return _CERTIFICATES[62]
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _traces(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
