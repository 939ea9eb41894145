"""The third OpenID provider of the tests: Debian's Glewlwyd, behind a web server, as its README.Debian advises.

Prints its issuer and ends with its standard input. Below /-/ a test makes things go wrong.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sign_in.real.real_provider import CLIENT, CLIENT_WITHOUT_ID_TOKEN, GLEWLWYD_PORTS

_PAGES = "/usr/share/glewlwyd/webapp"
_TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_DAEMON = "127.0.0.2"  # its port is that of the web server on 127.0.0.1: so no other program has it
_CONFIGURATION = """
port = {port}
bind_address = "{daemon}"
external_url = "http://127.0.0.1:{port}"
api_prefix = "api"
login_url = "login.html"
log_mode = "console"
log_level = "INFO"
user_module_path = "/usr/lib/glewlwyd/user"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
database = {{ type = "sqlite3"; path = "{database}"; }};
"""
# Identity Center wants a jti, and Glewlwyd's ID tokens have none: the person's name is sent as jti, new for each code.
_NEW_NAMES = "CREATE TRIGGER jti AFTER INSERT ON gpo_code BEGIN UPDATE g_user SET gu_name = hex(randomblob(16)); END"
_REVOCATION = "UPDATE gpo_refresh_token SET gpor_enabled = 0"
_PEOPLE = ("alice@example.com", "bob@example.com")
_SCOPES = ("email", "offline_access")
_WEEK_S = 7 * 86_400  # tests move the clocks of all others


def _request(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
    """Send a request to the daemon."""
    with closing(HTTPConnection(_DAEMON, port, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response, response.read()


class _WebServer(SimpleHTTPRequestHandler):
    """Serves the pages, and the daemon's API as a reverse proxy."""

    protocol_version = "HTTP/1.1"
    database: ClassVar[Path]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=_PAGES)

    def do_GET(self) -> None:
        if self.path.startswith(("/api/", "/config/")):
            self._forward()
        else:
            self.path = self.path.replace("/config.json", "/config.json/config.json")  # a directory in Debian's package
            super().do_GET()

    def do_DELETE(self) -> None:
        if self.path == "/-/grants":
            with closing(sqlite3.connect(self.database)) as connection, connection:
                connection.execute(_REVOCATION)
            self._reply(200, [], b"null")
        else:
            self._forward()

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = int(self.headers["Host"].partition(":")[2])
        response, text = _request(port, self.command, self.path, body, dict(self.headers))
        self._reply(response.status, response.getheaders(), text)

    do_POST = do_PUT = _forward  # noqa: N815

    def _reply(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@contextmanager
def _running(port: int, directory: Path) -> Iterator[None]:
    """Run the daemon with a new database; it ends with us, even if we are killed."""
    with closing(sqlite3.connect(_WebServer.database)) as connection:
        connection.executescript(f"{_TABLES.read_text()}; {_NEW_NAMES}")
    configuration = directory / "glewlwyd.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, daemon=_DAEMON, database=_WebServer.database))
    command = ["setpriv", "--pdeathsig", "TERM", "glewlwyd", "--config-file", str(configuration)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        assert any("Glewlwyd started" in line for line in process.stdout), "it did not start"
        log = Thread(target=process.stdout.read)
        log.start()
        try:
            yield
        finally:
            process.terminate()
            log.join()


def _sign_in(port: int, name: str, password: str) -> Any:
    """A function with which that person calls the API."""
    session = ""

    def call(method: str, path: str, body: dict[str, Any]) -> None:
        nonlocal session
        headers = {"Content-Type": "application/json", "Cookie": session}
        response, text = _request(port, method, f"/api/{path}", json.dumps(body).encode(), headers)
        assert response.status == 200, (path, response.status, text)
        session = (response.getheader("Set-Cookie") or session).partition(";")[0]

    call("POST", "auth/", {"username": name, "password": password})
    return call


def _set_up(port: int) -> None:
    """As an administrator does, and then the people, who consent: Glewlwyd remembers that."""
    key = generate_private_key(public_exponent=65_537, key_size=2048)
    administer = _sign_in(port, "admin", "password")  # of the new database
    for scope in _SCOPES:
        administer("POST", "scope/", {"name": scope, "display_name": scope, "password_required": True})
    administer(
        "POST",
        "mod/plugin/",
        {
            "module": "oidc",
            "name": "oidc",
            "display_name": "OpenID Connect",
            "parameters": {
                "iss": f"http://127.0.0.1:{port}/api/oidc",
                "jwt-type": "rsa",
                "jwt-key-size": "256",
                "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
                "cert": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
                "code-duration": 600,
                "access-token-duration": _WEEK_S,  # and that of ID tokens
                "refresh-token-duration": _WEEK_S,
                "refresh-token-one-use": "always",
                "auth-type-code-enabled": True,
                "auth-type-refresh-enabled": True,
                "pkce-allowed": True,
                "allowed-scope": ["openid", *_SCOPES],
                "email-claim": "mandatory",
                "claims": [{"name": "jti", "user-property": "name", "type": "string", "scope": ["openid"]}],
            },
        },
    )
    for client in (CLIENT, CLIENT_WITHOUT_ID_TOKEN):
        administer(
            "POST",
            "client/",
            {
                "client_id": client,
                "name": client,
                "confidential": False,
                "token_endpoint_auth_method": ["none"],
                "redirect_uri": [f"http://127.0.0.1:{one}/oidc-helper/callback" for one in GLEWLWYD_PORTS],
                "authorization_type": ["code", "refresh_token"],
            },
        )
    for person in _PEOPLE:
        scopes = ["g_profile", "openid", *_SCOPES]
        administer("POST", "user/", {"username": person, "password": "any", "email": person, "scope": scopes})
        for client in (CLIENT, CLIENT_WITHOUT_ID_TOKEN):
            _sign_in(port, person, "any")("PUT", f"auth/grant/{client}", {"scope": " ".join(("openid", *_SCOPES))})


with TemporaryDirectory() as directory:
    _WebServer.database = Path(directory, "database")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _WebServer)
    with _running(server.server_port, Path(directory)):
        _set_up(server.server_port)
        Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}/api/oidc", flush=True)
        sys.stdin.read()
