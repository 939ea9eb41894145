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

_LONGEST_S = 60  # to connect, if the caller sets no limit
_Connect = Callable[[str, int, float], socket.socket]


def way_to(url: str, *, trust: ssl.SSLContext | None, directly: bool = False) -> PoolManager:
    """The manager of connections to the host of a URL; callers switch off its retries and redirects with each request.

    `trust` is None for a connection without TLS; `directly` bypasses proxies. Raises WrongSettings for a host or a
    proxy that cannot be used.
    """
    if not host_in(url):
        raise WrongSettings(f"{printable(url)} is not the address of a host", "write it as https://HOST:PORT")
    proxy = None if directly else proxy_for(url)
    open_socket: _Connect = connect
    if proxy is None:
        manager = PoolManager(ssl_context=trust)
    elif proxy.speaks_socks:
        manager, open_socket = PoolManager(ssl_context=trust), partial(connect_through, proxy)
    else:
        manager = ProxyManager(
            proxy.url,
            proxy_headers=_authorization(proxy) if proxy.user else None,
            proxy_ssl_context=trust,
            ssl_context=trust,
        )
    manager.pool_classes_by_scheme = _pools(open_socket)
    return manager


def _authorization(proxy: Proxy) -> dict[str, str]:
    """The header that authenticates us to the proxy; urllib3 before 2.8 cannot make it in UTF-8."""
    user_and_password = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
    return {"proxy-authorization": f"Basic {user_and_password}"}


def _pools(open_socket: _Connect) -> dict[str, type[HTTPConnectionPool]]:
    """Pools that connect with `open_socket`: urllib3 itself tries one address after another, each for the full timeout.

    Its own connections through SOCKS override the same method.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, open_socket)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, open_socket)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(connection: HTTPConnection, open_socket: _Connect) -> socket.socket:
    """The socket for a connection, with the errors that urllib3 expects."""
    host, limit_s = connection.host.strip("[]"), connection.timeout
    try:
        return open_socket(host, connection.port, limit_s if isinstance(limit_s, int | float) else _LONGEST_S)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except SocksRefusal as error:
        raise ProxyError(f"the proxy does not connect: {error}", error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, str(error)) from error
    except (OSError, UnicodeError) as error:  # a label of the name may be too long to look up
        raise NewConnectionError(connection, str(error)) from error
