"""A person's sign-in that waits in the background while a test interferes with it."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fakes.browser import FakeBrowser

from oidc_helper.emulator import Emulator
from oidc_helper.person.person import Person
from oidc_helper.person.terminal import Terminal
from oidc_helper.settings import Identity
from oidc_helper.sign_in.provider import SignedIn, sign_in

PATH = "/callback"
PATIENCE_S = 30


def identity_of(issuer: str, client_id: str, **changes: Any) -> Identity:
    """An identity as the settings resolve it."""
    usual: dict[str, Any] = {
        "scopes": ("openid", "email", "offline_access"),
        "assertion": "id_token",
        "redirect_host": "127.0.0.1",
        "redirect_path": PATH,
    }
    return Identity("corp", "browser", issuer=issuer, client_id=client_id, **(usual | changes))


def at(emulator: Emulator, **changes: Any) -> Identity:
    """An identity at the emulator's provider, which lets its first person in without asking."""
    emulator.directory.identity_provider.auto_approve = True
    return identity_of(emulator.issuer, emulator.client_id, **changes)


@dataclass
class Screen:
    """A terminal that a test only reads, and the browser beside it."""

    text: io.StringIO = field(default_factory=io.StringIO)

    def person(self, open_browser: Callable[[str], bool] = lambda _: False) -> Person:
        return Person(Terminal(self.text), open_browser)


@dataclass(frozen=True)
class Answer:
    """The answer of a server."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class WaitingSignIn:
    """A sign-in that has opened the browser at `start`, which led it to `url`, and waits for its answer."""

    start: str
    url: str
    outcome: list[SignedIn | BaseException]
    thread: threading.Thread

    @property
    def asked(self) -> dict[str, str]:
        return {name: value for name, [value] in parse_qs(urlsplit(self.url).query).items()}

    @property
    def redirect_uri(self) -> str:
        return self.asked["redirect_uri"]

    @property
    def host(self) -> str:
        return urlsplit(self.redirect_uri).netloc

    def send(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Send a request to the server that waits."""
        connection = HTTPConnection(self.host, timeout=PATIENCE_S)
        try:
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()

    def result(self) -> SignedIn:
        """The outcome of the sign-in. Raises its error."""
        self.thread.join(PATIENCE_S)
        [outcome] = self.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def waits(self) -> bool:
        return self.thread.is_alive()


@contextmanager
def waiting_sign_in(identity: Identity, **how: Any) -> Iterator[WaitingSignIn]:
    """Begin a sign-in, until the person's browser is at the provider."""
    opened: list[tuple[str, str]] = []
    ready = threading.Event()
    outcome: list[SignedIn | BaseException] = []

    def open_browser(url: str) -> bool:
        opened.append((url, FakeBrowser().redirect_of(url)))
        ready.set()
        return True

    def work() -> None:
        try:
            person = Screen().person(open_browser)
            outcome.append(sign_in(identity, person, **{"way": "browser", "timeout_s": PATIENCE_S, **how}))
        except BaseException as error:  # noqa: BLE001 - it is raised again by `result`
            outcome.append(error)
        ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S)
    if outcome and isinstance(outcome[0], BaseException):
        raise outcome[0]
    yield WaitingSignIn(*opened[0], outcome, thread)
    for signed_in in outcome:
        if isinstance(signed_in, SignedIn):
            signed_in.finish(None)
