"""Hosts of AWS without a network: some lead to the emulator, the others cannot be connected to."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import NewConnectionError

from oidc_helper.aws import transport
from oidc_helper.emulator import server

VARIABLES = ("AWS_ENDPOINT_URL", *(f"AWS_ENDPOINT_URL_{name}" for name in ("STS", "SSO_OIDC", "SSO", "S3_CONTROL")))


@dataclass
class Hosts:
    """Those whose name has one of the `alive` words in it are the emulator at `url`; `tried` has all in order."""

    url: str = ""
    alive: set[str] = field(default_factory=set)
    tried: list[str] = field(default_factory=list)

    def urlopen(self, method: str, url: str, **words: Any) -> BaseHTTPResponse:
        """What urllib3's method does. The request keeps the name that it is signed for."""
        scheme, host, path, query, _ = urlsplit(url)
        assert scheme == "https"
        self.tried.append(host)
        if not any(word in host for word in self.alive):
            raise NewConnectionError(None, "unreachable")  # type: ignore[arg-type]  # the connection is not looked at
        words["headers"] = {**words["headers"], "Host": host}
        there = f"{self.url}{path}" + (f"?{query}" if query else "")
        return PoolManager().urlopen(method, there, **words)


def stand_in(monkeypatch: pytest.MonkeyPatch, hosts: Hosts) -> Hosts:
    """Let these hosts be AWS for what comes next in this process."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(transport, "way_to", lambda *_, **__: hosts)
    monkeypatch.setattr(server, "_HOST", re.compile(r"[a-z0-9.-]+"))  # it answers to its own names alone
    return hosts
