"""A browser that opens an address, follows its redirects, and keeps the last page."""

import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class FakeBrowser:
    """Stands in for `person.browser.open_browser`, and does not keep the caller waiting either."""

    opened: list[str] = field(default_factory=list)
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
        try:
            answer = urllib.request.urlopen(url)  # noqa: S310 - of a test
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.headers, self.text = answer.status, dict(answer.headers), answer.read().decode()


# The program for BROWSER: it records the address and, if it `visits`, goes there and keeps the page.
_PROGRAM = """#!{python} -IS
import sys, urllib.error, urllib.request
with open({opened!r}, "a") as file:
    file.write(sys.argv[1] + "\\n")
if {visits}:
    try:
        page = urllib.request.urlopen(sys.argv[1])
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
        paths = {"opened": str(self._opened), "page": str(self._page)}
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
    def page(self) -> str:
        """The page where the last visit ended."""
        return self._page.read_text()

    @property
    def _opened(self) -> Path:
        return self.directory / "opened"

    @property
    def _page(self) -> Path:
        return self.directory / "page"
