"""The ports that a command is told to listen at: which there are, and why one cannot be had."""

import errno

from oidc_helper.errors import WrongSettings

LOOPBACK = "127.0.0.1"  # which the oldest SDKs take too, but not ::1
_LARGEST = 65_535


def require(port: int) -> None:
    """Raise WrongSettings for a number that no port has; 0 stands for any that is free."""
    if not 0 <= port <= _LARGEST:
        raise WrongSettings(f"there is no port {port}", f"choose a --port from 0 (any) to {_LARGEST}")


def unusable(error: OSError, address: str, port: int) -> WrongSettings:
    """Why nothing can listen there."""
    place = f"port {port} of {address}"
    reasons = {
        errno.EADDRINUSE: (f"{place} is taken", "end what listens there, or choose another --port"),
        errno.EACCES: (f"{place} is for root alone", "choose a --port above 1023"),
        errno.EADDRNOTAVAIL: (f"this machine has no address {address}", f"leave --bind out: that is {LOOPBACK}"),
    }
    usual = (f"{place} cannot be used: {error.strerror}", "choose another --port")
    return WrongSettings(*reasons.get(error.errno or 0, usual))
