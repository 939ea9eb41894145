"""The one way to every server: its proxy, the authorities to trust, and the address that answers first."""

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from functools import partial

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.addresses import connect
from oidc_helper.machine.hosts import host_in
from oidc_helper.machine.proxies import Proxy, proxy_for
from oidc_helper.machine.socks import SocksRefusal, connect_through
from oidc_helper.words import printable

_LONGEST_S = 60  # to connect, where a caller names no limit
_Connect = Callable[[str, int, float], socket.socket]


def way_to(url: str, *, trust: ssl.SSLContext | None, directly: bool = False) -> PoolManager:
    """What sends requests to the host of a URL; it follows no redirect and repeats nothing unless it is told to.

    `trust` is None where no TLS is spoken; `directly` passes over proxies. Raises WrongSettings for a host or a proxy
    that cannot be used.
    """
    if not host_in(url):
        raise WrongSettings(f"{printable(url)} is not the address of a host", "write it as https://HOST:PORT")
    proxy = None if directly else proxy_for(url)
    how: _Connect = connect
    if proxy is None:
        manager = PoolManager(ssl_context=trust)
    elif proxy.speaks_socks:
        manager, how = PoolManager(ssl_context=trust), partial(connect_through, proxy)
    else:
        manager = ProxyManager(
            proxy.url,
            proxy_headers=_proof(proxy) if proxy.user else None,
            proxy_ssl_context=trust,
            ssl_context=trust,
        )
    manager.pool_classes_by_scheme = _pools(how)
    return manager


def _proof(proxy: Proxy) -> dict[str, str]:
    """The header that proves the person to the proxy; urllib3 before 2.8 cannot make it in UTF-8."""
    proof = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
    return {"proxy-authorization": f"Basic {proof}"}


def _pools(how: _Connect) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections are made that way; urllib3 tries addresses in turn, each for the whole of the timeout.

    Its own connections through SOCKS replace the same method.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, how)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, how)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(connection: HTTPConnection, how: _Connect) -> socket.socket:
    """The socket for a connection, with the errors that urllib3 expects."""
    host, limit_s = connection.host.strip("[]"), connection.timeout
    try:
        return how(host, connection.port, limit_s if isinstance(limit_s, int | float) else _LONGEST_S)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except SocksRefusal as error:
        raise ProxyError(f"the proxy does not connect: {error}", error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, str(error)) from error
    except (OSError, UnicodeError) as error:  # a label of a name may be too long to be looked up
        raise NewConnectionError(connection, str(error)) from error
