"""`provider.mjs` as a process: an OpenID provider that this project did not write."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

HERE = Path(__file__).parent
INSTALL = "npm ci --ignore-scripts --prefix tests/sign_in/real"
CLIENT, CONFIDENTIAL_CLIENT, SECRET = "native", "confidential", "made up: for+tests %only"


@dataclass(frozen=True)
class RealProvider:
    """The provider as a test sees it and disturbs it."""

    issuer: str

    def events(self) -> Counter[str]:
        """The number of each event of refresh tokens and grants."""
        return Counter(event["name"] for event in self._events())

    def newest_refresh_token(self) -> str:
        """The refresh token that it issued last."""
        return str([event["token"] for event in self._events() if event["name"] == "refresh_token.saved"][-1])

    def refuses(self, refresh_token: str) -> bool:
        """Whether it refuses the refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": CLIENT}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return bool(self._send("POST", "/token", urlencode(form), headers).get("error") == "invalid_grant")

    def end_sessions(self) -> None:
        """Revoke all grants, as an administrator does."""
        self._control("DELETE", "grants")

    @contextmanager
    def replying(self, path: str, **reply: Any) -> Iterator[None]:
        """Let a broken proxy answer in its place."""
        self._control("PUT", "replies", {"path": path, **reply})
        try:
            yield
        finally:
            self._control("DELETE", "replies")

    def _events(self) -> list[dict[str, str]]:
        events: list[dict[str, str]] = self._control("GET", "events")
        return events

    def _control(self, method: str, what: str, body: Any = None) -> Any:
        return self._send(method, f"/-/{what}", json.dumps(body) if body else "", {})

    def _send(self, method: str, path: str, body: str, headers: dict[str, str]) -> Any:
        connection = HTTPConnection(urlsplit(self.issuer).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def real_provider() -> Iterator[RealProvider]:
    """Run it; it ends with the pipe to its standard input, even if we are killed."""
    process = subprocess.Popen(
        ["node", HERE / "provider.mjs"],
        env={**os.environ, "CLIENT_SECRET": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        issuer = process.stdout.readline().strip()
        assert issuer, "it did not start"
        yield RealProvider(issuer)
        process.communicate()
