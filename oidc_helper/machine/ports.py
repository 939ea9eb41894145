"""The port on which the user wants a command to listen: whether its number is valid, and why it cannot be used."""

import errno

from oidc_helper.errors import WrongSettings

LOOPBACK = "127.0.0.1"  # the oldest SDKs accept it, but not ::1
_LARGEST = 65_535


def require(port: int) -> None:
    """Raise WrongSettings for an invalid port number; 0 stands for any free port."""
    if not 0 <= port <= _LARGEST:
        raise WrongSettings(f"there is no port {port}", f"choose a --port from 0 (any) to {_LARGEST}")


def unusable(error: OSError, address: str, port: int) -> WrongSettings:
    """The error that says why nothing can listen there."""
    place = f"port {port} of {address}"
    reasons = {
        errno.EADDRINUSE: (f"{place} is taken", "end what listens there, or choose another --port"),
        errno.EACCES: (f"{place} is for root alone", "choose a --port above 1023"),
        errno.EADDRNOTAVAIL: (f"this machine has no address {address}", f"leave --bind out: that is {LOOPBACK}"),
    }
    usual = (f"{place} cannot be used: {error.strerror}", "choose another --port")
    return WrongSettings(*reasons.get(error.errno or 0, usual))
