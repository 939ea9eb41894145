"""The proxy on the way to a host, from the environment or else from the system's settings."""

import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.hosts import is_loopback
from oidc_helper.words import printable

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(NamedTuple):
    """A proxy and how to authenticate to it; `user` is empty if it needs no authentication."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @property
    def speaks_socks(self) -> bool:
        """Whether it is a SOCKS 5 proxy."""
        return self.scheme.startswith("socks")

    @property
    def url(self) -> str:
        """Its address, without user and password."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def proxy_for(url: str) -> Proxy | None:
    """The proxy for a URL; None for a direct connection, as always to this machine. Raises WrongSettings."""
    from urllib.request import getproxies

    parts = urlsplit(url)
    if is_loopback(url) or _is_exempt(parts):
        return None
    proxies = getproxies()
    scheme = _scheme(parts, proxies)
    return _parsed(proxies[scheme], _setting(scheme)) if scheme else None


def setting_for(url: str) -> str:
    """The name of the setting with the proxy, for a URL that needs one."""
    from urllib.request import getproxies

    return _setting(_scheme(urlsplit(url), getproxies()))


def _scheme(parts: SplitResult, proxies: Mapping[str, str]) -> str:
    """The scheme whose proxy applies; empty if none does."""
    return next((scheme for scheme in (parts.scheme, "all") if proxies.get(scheme)), "")


def _is_exempt(parts: SplitResult) -> bool:
    """Whether NO_PROXY has the host, its domain, or its network; the standard library does not look for networks."""
    import ipaddress
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return True
    for entry in getproxies().get("no", "").split(","):
        try:
            if ipaddress.ip_address(parts.hostname or "") in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


def _setting(scheme: str) -> str:
    """The variable that names the proxy, first in lower case; otherwise the system's setting."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's proxy setting")


def _parsed(value: str, setting: str) -> Proxy:
    """The parts of a proxy's address; messages never repeat it, since it may hold a password."""
    address = value if "://" in value else f"http://{value}"
    scheme = address.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise WrongSettings(
            f"{setting} names a proxy with {printable(scheme)}://, which cannot be used",
            f"begin {setting} with socks5h:// for a SOCKS 5 proxy, or with http:// or https://, or unset it",
        )
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or not host.isprintable() or set(host) & {" ", "\\"}:
        raise WrongSettings(
            f"{setting} is not the address of a proxy",
            f"write {setting} as http://USER:PASSWORD@HOST:PORT, with %XX for special characters of user and password",
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(scheme, host, port or _PORTS[scheme], user, password)
