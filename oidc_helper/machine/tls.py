"""Whom TLS trusts; explains its failures to people, and tells whether one came before the request was sent."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from oidc_helper.errors import WrongSettings
from oidc_helper.words import printable


def authorities(ca_bundle: str | None, *, setting: str = "ca_bundle") -> tuple[str, str] | None:
    """The place of the certificate authorities that a user chose, and the setting or variable that names it.

    None leaves the choice to the library.
    """
    if ca_bundle:
        return ca_bundle, setting
    return next(((path, name) for name in _VARIABLES if (path := os.environ.get(name))), None)


def context(path: str, named: str) -> ssl.SSLContext:
    """A context that trusts the certificates at `path`, which `named` holds. Raises WrongSettings."""
    is_directory = Path(path).is_dir()
    try:
        return ssl.create_default_context(cafile=None if is_directory else path, capath=path if is_directory else None)
    except FileNotFoundError:
        hint = "write its whole path: ~ means nothing in a variable" if path.startswith("~") else ""
        raise WrongSettings(
            f"{named}: there is no file {printable(path)}", hint or f"correct or unset {named}"
        ) from None
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = "holds no certificate" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise WrongSettings(
            f"{named}: {printable(path)} {reason}", f"let {named} name a file of certificates in PEM"
        ) from None


class Trouble(NamedTuple):
    """An explained failure: `message` names the host, `hint` tells how to mend it."""

    message: str
    hint: str


_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # in botocore's order
_AUTHORITY = "name the certificate authority of your proxy with {setting} or AWS_CA_BUNDLE"
_CLOCK = "check this machine's clock; if it is right, the operator of that server must renew the certificate"
_NETWORK = "check the network and the proxy (HTTPS_PROXY): a log-in page may answer in its place"
_OF_HANDSHAKE = {"do_handshake", "ssl_wrap_socket"}  # the latter reads certificates first
# By OpenSSL's x509_vfy.h; any other number means that no authority known here vouches for the certificate.
_CERTIFICATES = {
    9: ("is not valid yet", _CLOCK),
    10: ("has expired", _CLOCK),
    62: ("is for another name", _NETWORK),
    64: ("is for another name", _NETWORK),
}


def trouble(host: str, error: BaseException, *, setting: str = "ca_bundle") -> Trouble | None:
    """Explain an error that a certificate or the protocol caused; None for any other.

    `setting` is the one with which a user names a certificate authority.
    """
    if wrong := _of_certificate(error):
        return Trouble(f"the TLS certificate of {host} {wrong[0]}", wrong[1].format(setting=setting))
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "reason", None) or type(cause).__name__  # only OpenSSL's own errors have one
            return Trouble(f"TLS with {host} breaks off ({reason})", _NETWORK)
    return None


def came_before_request(error: BaseException) -> bool:
    """Whether no byte of the request can have left; the types of the libraries' errors do not tell."""
    frames = (trace.tb_frame for cause in _causes(error) for trace in _traces(cause.__traceback__))
    return any(frame.f_code.co_name in _OF_HANDSHAKE for frame in frames) or _of_certificate(error) is not None


def _of_certificate(error: BaseException) -> tuple[str, str] | None:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(getattr(cause, "verify_code", 0), ("is not trusted", _AUTHORITY))
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
