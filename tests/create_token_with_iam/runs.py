"""Runs of the command: its exit code and streams, and the requests that a server with one canned answer received."""

import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from oidc_helper.cli import main
from oidc_helper.create_token_with_iam import service

COMMAND = "create-token-with-iam"
APPLICATION = "arn:aws:sso::444455556666:application/ssoins-0123456789abcdef/apl-fedcba9876543210"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
BASE = ("--client-id", APPLICATION, "--grant-type", JWT_BEARER, "--assertion", "head.claims.signature")
BASE_BODY = {"clientId": APPLICATION, "grantType": JWT_BEARER, "assertion": "head.claims.signature"}
ANSWER = {
    "accessToken": "aoaAAAA",
    "tokenType": "Bearer",
    "expiresIn": 900,
    "refreshToken": "aorBBBB",
    "idToken": "eyJ.id.sig",
    "issuedTokenType": "urn:ietf:params:oauth:token-type:refresh_token",
    "scope": ["sso:account:access", "openid"],
    "awsAdditionalDetails": {"identityContext": "AQoXctx"},
}
CONFIG = "[profile yamlish]\noutput = yaml\nregion = us-east-1\n"


@dataclass
class Sent:
    """A request as the server received it; `scope` is the service part of the signature's credential scope."""

    path: str
    body: Any
    scope: str | None


@dataclass
class Outcome:
    """The exit code, output and requests of a run."""

    exit: int
    stdout: str
    stderr: str
    sent: list[Sent]


class Canned(ThreadingHTTPServer):
    """Gives every request `answer`: the body of a 200, or `status`, `headers`, and `body` or `raw`; None hangs up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answer: Any = ANSWER
        self.sent: list[Sent] = []

    def reply(self) -> tuple[int, Mapping[str, str], bytes]:
        parts = self.answer if {"status", "raw"} & set(self.answer) else {"body": self.answer}
        raw = parts["raw"].encode() if "raw" in parts else json.dumps(parts["body"]).encode()
        return parts.get("status", 200), {"Content-Type": "application/json", **parts.get("headers", {})}, raw


class _Handler(BaseHTTPRequestHandler):
    server: Canned
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^,]+)", self.headers.get("Authorization", ""))
        self.server.sent.append(Sent(self.path, json.loads(text), scope and scope[1]))
        if self.server.answer is None:
            self.close_connection = True
            return
        status, headers, raw = self.server.reply()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Canned]:
    with Canned() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Place:
    """A folder that is home and working directory, with an AWS configuration and keys, and a server to talk to."""

    path: Path
    server: Canned
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.path / "config").write_text(CONFIG)
        self.server.sent.clear()
        self.server.answer = ANSWER
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.path),
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_SSO_OIDC": self.server.url,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": str(self.path / "config"),
            "AWS_EC2_METADATA_DISABLED": "true",  # nothing leaves loopback
        }

    def set(self, environment: Mapping[str, str | None]) -> None:
        """Change variables, None to remove; `$DIR` and `$URL` stand for this place."""
        for name, value in environment.items():
            if value is None:
                self.environment.pop(name, None)
            else:
                self.environment[name] = self._filled(value)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    def run(self, *words: str, stdin: str = "") -> Outcome:
        """The command line in this process: an interpreter for each of hundreds of runs takes minutes."""
        stdout, stderr = _Standard(), _Standard()
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            contextlib.chdir(self.path),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            code = main.run([COMMAND, *map(self._filled, words)])
        return Outcome(code, self._masked(stdout.text()), self._masked(stderr.text()), list(self.server.sent))

    def start(self, *words: str, stdin: str = "") -> Outcome:
        """The command as a user starts it."""
        done = subprocess.run(
            [sys.executable, "-m", "oidc_helper", COMMAND, *words],
            input=stdin,
            env=self.environment,
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr, list(self.server.sent))

    def _filled(self, text: str) -> str:
        return text.replace("$DIR", str(self.path)).replace("$URL", self.server.url)

    def _masked(self, text: str) -> str:
        return text.replace(str(self.path), "$DIR").replace(self.server.url, "$URL")


class _Standard(io.TextIOWrapper):
    """A standard stream that ends in memory."""

    def __init__(self) -> None:
        self._octets = io.BytesIO()
        super().__init__(self._octets, encoding="utf-8", newline="\n")

    def text(self) -> str:
        self.flush()
        return self._octets.getvalue().decode()


def newer_model(path: Path) -> None:
    """The installed service model with three more parameters, where AWS_DATA_PATH can find it."""
    session = service.begin()
    loader = session.get_component("data_loader")
    version = loader.determine_latest_version("sso-oidc", "service-2")
    model = loader.load_service_model("sso-oidc", "service-2", version)
    shapes = {"ProofKey": {"type": "string"}, "ProofCount": {"type": "integer"}, "WithProof": {"type": "boolean"}}
    model["shapes"].update(shapes)
    model["shapes"]["CreateTokenWithIAMRequest"]["members"].update(
        {name[0].lower() + name[1:]: {"shape": name} for name in shapes}
    )
    folder = path / "models/sso-oidc" / version
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))


def jwt(**claims: object) -> str:
    """A JWT whose signature no key made."""
    parts = ({"alg": "RS256"}, {"iss": "https://idp.example", "aud": "a", "jti": "j1", "exp": 4_000_000_000, **claims})
    return ".".join([*(_encoded(part) for part in parts), "c2ln"])


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
