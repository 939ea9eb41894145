"""A small OpenID provider on the loopback that lies, stalls and floods on demand; otherwise it is honest."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import RSAKey

JSON = {"Content-Type": "application/json"}
CLIENT = "native"
SUBJECT = "00u-alice"


@dataclass
class Reply:
    """The answer of a path; a body of parts is sent without a length, until the other end hangs up."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    body: bytes | Iterable[bytes] = b""


@dataclass
class Request:
    """A request: its form or query, and its headers."""

    path: str
    values: dict[str, str]
    headers: Mapping[str, str]


def answer(document: object, status: int = 200) -> Reply:
    return Reply(status, JSON, json.dumps(document).encode())


@cache
def _usual_key() -> RSAKey:
    return new_key()


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


class FakeProvider:
    """Tests change `document`, `claims`, `key`, `jwks` and `sign`; an entry of `replies` replaces a path altogether."""

    def __init__(self, url: str) -> None:
        self.issuer = url
        self.document: dict[str, Any] = {
            "issuer": url,
            "authorization_endpoint": url + "/authorize",
            "token_endpoint": url + "/token",
            "device_authorization_endpoint": url + "/device",
            "revocation_endpoint": url + "/revoke",
            "jwks_uri": url + "/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.key = _usual_key()
        self.jwks: list[dict[str, Any]] = [dict(self.key.as_dict(private=False))]
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.tokens: dict[str, Any] = {}
        self.replies: dict[str, Callable[[Request], Reply]] = {}
        self.requests: list[Request] = []
        self._nonce: str | None = None

    def signed(self, claims: dict[str, Any], by: RSAKey | None = None, **header: Any) -> str:
        """A JWT; header parameters of None are left out."""
        signer = by or self.key
        whole = {"alg": "RS256", "kid": signer.kid} | header
        present = {name: value for name, value in whole.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[whole["alg"]], strict_check_header=False)
        return jwt.encode(present, claims, RSAKey(signer.raw_value, signer.raw_value), registry=registry)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def respond(self, request: Request) -> Reply:
        self.requests.append(request)
        usual: dict[str, Callable[[Request], Reply]] = {
            "/.well-known/openid-configuration": lambda _: answer(self.document),
            "/keys": lambda _: answer({"keys": self.jwks}),
            "/authorize": self._authorize,
            "/token": lambda _: answer(self._token()),
            "/revoke": lambda _: Reply(200, {}),
        }
        reply = self.replies.get(request.path) or usual.get(request.path)
        return reply(request) if reply else Reply(404, {"Content-Type": "text/html"}, b"<h1>nothing here</h1>")

    def _authorize(self, request: Request) -> Reply:
        self._nonce = request.values.get("nonce")
        query = urlencode({"code": "a-code", "state": request.values["state"]})
        return Reply(303, {"Location": f"{request.values['redirect_uri']}?{query}"})

    def _token(self) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": SUBJECT, "iat": now, "exp": now + 600, "jti": str(now)}
        claims |= {"nonce": self._nonce} | self.claims
        present = {name: value for name, value in claims.items() if value is not None}
        tokens = {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "refresh_token": "a-refresh-token",
            "id_token": self.sign(present),
        } | self.tokens
        return {name: value for name, value in tokens.items() if value is not None}


class _Handler(BaseHTTPRequestHandler):
    provider: FakeProvider

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, parameters: str) -> None:
        values = {name: texts[-1] for name, texts in parse_qs(parameters, keep_blank_values=True).items()}
        reply = self.provider.respond(Request(urlsplit(self.path).path, values, dict(self.headers)))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        parts = [reply.body] if isinstance(reply.body, bytes) else reply.body
        if isinstance(reply.body, bytes):
            self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):
            for part in parts:
                self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Run a provider."""

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        Handler.provider = FakeProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Handler.provider
        finally:
            server.shutdown()
            thread.join()
