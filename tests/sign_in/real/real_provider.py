"""OpenID providers that this project did not write, as processes."""

import json
import os
import subprocess
import sys
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
CLIENT_WITHOUT_ID_TOKEN = "without-id-token"  # at a refresh; oidc-provider does not know it
GLEWLWYD_PORTS = [*range(18_400, 18_408)]  # for redirects; below those that the system gives to connections


@dataclass(frozen=True)
class Software:
    """The command that runs a provider, and what differs at it.

    On its pages these are the field of a person's name, and a button; in the configuration, a setting and its value.
    """

    command: tuple[str | Path, ...]
    name_field: str
    agree_button: str
    # OpenID Connect Core section 11: no offline_access without the prompt for consent.
    setting: tuple[str, str] = ("authorize_parameters", '{ prompt = "consent" }')


OIDC_PROVIDER, DJANGO, GLEWLWYD = "oidc-provider", "django-oauth-toolkit", "Glewlwyd"
SOFTWARE = {
    OIDC_PROVIDER: Software(("node", HERE / "provider.mjs"), "login", "Continue"),
    DJANGO: Software((sys.executable, "-m", "sign_in.real.django_provider"), "username", "Authorize"),
    GLEWLWYD: Software(
        (sys.executable, "-m", "sign_in.real.glewlwyd_provider"),
        "username",
        "Continue",
        ("redirect_ports", str(GLEWLWYD_PORTS)),  # it compares the whole redirect URI
    ),
}


@dataclass(frozen=True)
class RealProvider:
    """The provider as a test sees it and disturbs it."""

    issuer: str
    software: Software

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
def real_provider(software: Software) -> Iterator[RealProvider]:
    """Run it; it ends with the pipe to its standard input, even if we are killed."""
    process = subprocess.Popen(
        software.command,
        env={**os.environ, "CLIENT_SECRET": SECRET, "PYTHONPATH": str(HERE.parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        issuer = process.stdout.readline().strip()
        assert issuer, "it did not start"
        yield RealProvider(issuer, software)
        process.communicate()
