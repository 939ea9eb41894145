"""A browser that opens what it is told to, follows where that leads, and keeps the page it ends at."""

import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit


@dataclass
class FakeBrowser:
    """Called with an address as `opener.open_browser` is; it does not keep the caller waiting."""

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
        """The page it ended at, once that is there."""
        assert self._thread, "nothing was opened"
        self._thread.join()
        return self.text

    def redirect_of(self, url: str) -> str:
        """Where an address leads to, without going there."""
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
