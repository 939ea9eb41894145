"""The certificate authorities to trust: the same for the identity provider, AWS and the CI system."""

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from oidc_helper.errors import WrongSettings
from oidc_helper.words import printable

if TYPE_CHECKING:
    import ssl  # 10 ms, which reading settings need not pay

SYSTEM = "system"  # as a ca_bundle: only the authorities that the operating system trusts
# The first one that is set names the authorities, as it does for the programs that introduced it.
_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_FILES_ONLY = "SSL_CERT_FILE"  # all others may be directories
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]+")  # the only names that OpenSSL looks for in a directory


def trust(ca_bundle: str | None, *, setting: str = "ca_bundle") -> "ssl.SSLContext":
    """A context that verifies servers; equal settings and files share one, since reading certificates takes 25 ms.

    It trusts the authorities that the environment names, by default those of the system and of Mozilla, and also those
    in the file or directory `ca_bundle`, the value of `setting`; with SYSTEM only those of the system. Raises
    WrongSettings for certificates that cannot be read.
    """
    variable = roots_variable()
    roots = os.environ.get(variable, "")
    return _context(ca_bundle or "", setting, variable, roots, key_log(), (_state(ca_bundle or ""), _state(roots)))


def roots_variable() -> str:
    """The variable that names the authorities; empty if none does."""
    return next((name for name in _VARIABLES if os.environ.get(name)), "")


def key_log() -> str:
    """The file of SSLKEYLOGFILE, to which OpenSSL writes the keys of connections; empty if there is none.

    Raises WrongSettings if it cannot be written: each library would fail in its own way.
    """
    path = "" if sys.flags.ignore_environment else os.environ.get("SSLKEYLOGFILE", "")
    try:
        if path:
            Path(path).open("ab").close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise WrongSettings(
            f"SSLKEYLOGFILE: {printable(path)} cannot be written: {reason}", "correct SSLKEYLOGFILE, or unset it"
        ) from None
    return path


def _state(path: str) -> tuple[int, ...]:
    """Device, inode and mtime, which change when a file is replaced or edited; empty without a file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns


@cache
def _context(
    ca_bundle: str, setting: str, variable: str, roots: str, key_log: str, _states: tuple[tuple[int, ...], ...]
) -> "ssl.SSLContext":
    import ssl

    if variable and ca_bundle != SYSTEM:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, roots, variable)
    else:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle != SYSTEM:
        if not variable:
            import certifi  # the system of a container may have none, and botocore trusts these

            context.load_verify_locations(certifi.where())
        if ca_bundle:
            _load(context, ca_bundle, setting)
    # An authority is trusted even if its own issuer is missing. Unlike `ssl.create_default_context` from Python 3.13
    # on, and like botocore, we do not insist on the letter of RFC 5280, which the authorities of many inspecting
    # proxies break.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if key_log:
        context.keylog_filename = key_log
    return context


def _load(context: "ssl.SSLContext", path: str, setting: str) -> None:
    """Trust the certificates at a path, which the setting names. Raises WrongSettings."""
    import ssl

    place = Path(path)
    try:
        if setting != _FILES_ONLY and place.is_dir():
            if not any(_HASHED_NAME.fullmatch(entry.name) for entry in place.iterdir()):
                raise _unreadable(path, setting, "no file there has the name that openssl rehash gives it")
            context.load_verify_locations(capath=path)
        elif setting.endswith("_DIR"):
            raise _unreadable(path, setting, "it is no directory")
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise _unreadable(path, setting, "it holds no certificate in PEM form") from None
    except (OSError, ValueError) as error:
        reason = "it is a directory" if place.is_dir() else getattr(error, "strerror", None) or "it is no path"
        raise _unreadable(path, setting, reason) from None


def _unreadable(path: str, setting: str, reason: str) -> WrongSettings:
    mend = f"correct {setting}, or unset it" if setting.isupper() else f"correct {setting}"
    return WrongSettings(f"{setting}: the certificates in {printable(path)} cannot be read: {reason}", mend)
