"""A small browser and OAuth client over http.client, which follows no redirect and raises no error."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Page:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def location(self) -> str:
        """The target of its redirect, without the query."""
        return self.headers["Location"].partition("?")[0]

    @property
    def redirected(self) -> dict[str, str]:
        """The parameters of its redirect."""
        assert self.status == 303, self.text
        return dict(parse_qsl(urlsplit(self.headers["Location"]).query))

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of its form."""
        fields = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', self.text)
        return {unescape(name): unescape(value) for name, value in fields}


def send(
    url: str,
    form: Mapping[str, str] | None = None,
    *,
    method: str | None = None,
    body: str | bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Page:
    """GET, or POST of a form, on a connection of its own."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    content = {"Content-Type": FORM} if form is not None else {}
    try:
        connection.request(
            method or ("GET" if form is None else "POST"),
            parts.path + (f"?{parts.query}" if parts.query else ""),
            urlencode(form) if form is not None else body,
            {**content, **(headers or {})},
        )
        response = connection.getresponse()
        return Page(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """The URL with the values that are not None."""
    return url + "?" + urlencode({name: value for name, value in values.items() if value is not None})
