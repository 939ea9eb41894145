"""A browser that opens an address, follows its redirects, and keeps the last page."""

import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass
class FakeBrowser:
    """Stands in for `person.browser.open_browser`, and does not keep the caller waiting either.

    `opened` are the addresses that it was told, `went` those that they led to.
    """

    opened: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    _thread: threading.Thread | None = None

    def __call__(self, url: str) -> bool:
        self.opened.append(url)
        self._thread = threading.Thread(target=self._visit, args=(url,), daemon=True)
        self._thread.start()
        return True

    def page(self) -> str:
        """The last page, once it has loaded."""
        assert self._thread, "nothing was opened"
        self._thread.join()
        return self.text

    def redirect_of(self, url: str) -> str:
        """The redirect of an address, which is not followed."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=30)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            return connection.getresponse().headers["Location"]
        finally:
            connection.close()

    def _visit(self, url: str) -> None:
        class Redirects(urllib.request.HTTPRedirectHandler):
            def redirect_request(_self, *request: Any) -> Any:  # noqa: N805 - ours is the browser
                self.went.append(request[-1])
                return super().redirect_request(*request)

        try:
            answer = urllib.request.build_opener(Redirects).open(url)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.headers, self.text = answer.status, dict(answer.headers), answer.read().decode()


# The program for BROWSER: it records the address and, if it `visits`, goes there, and keeps the redirect and the page.
_PROGRAM = """#!{python} -IS
import sys, urllib.error, urllib.request
with open({opened!r}, "a") as file:
    file.write(sys.argv[1] + "\\n")
class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *request):
        if request[0].full_url == sys.argv[1]:
            with open({went!r}, "a") as file:
                file.write(request[-1] + "\\n")
        return super().redirect_request(*request)
if {visits}:
    try:
        page = urllib.request.build_opener(Redirects).open(sys.argv[1])
    except urllib.error.HTTPError as error:
        page = error
    with page, open({page!r}, "wb") as file:
        file.write(page.read())
print("a browser's chatter")
print("more of it", file=sys.stderr)
"""


@dataclass(frozen=True)
class BrowserProgram:
    """A browser that commands start by its path; `visits` is False for a person who ignores it."""

    directory: Path
    visits: bool = True

    def __post_init__(self) -> None:
        paths = {"opened": str(self._opened), "went": str(self._went), "page": str(self._page)}
        self.path.write_text(_PROGRAM.format(python=sys.executable, visits=self.visits, **paths))
        self.path.chmod(0o755)

    @property
    def path(self) -> Path:
        return self.directory / f"browser-{self.visits}"

    @property
    def opened(self) -> list[str]:
        """Every address it was started with."""
        return self._opened.read_text().splitlines() if self._opened.exists() else []

    @property
    def went(self) -> list[str]:
        """Where each of these led it at once."""
        return self._went.read_text().splitlines() if self._went.exists() else []

    @property
    def page(self) -> str:
        """The page where the last visit ended."""
        return self._page.read_text()

    @property
    def _opened(self) -> Path:
        return self.directory / "opened"

    @property
    def _went(self) -> Path:
        return self.directory / "went"

    @property
    def _page(self) -> Path:
        return self.directory / "page"
