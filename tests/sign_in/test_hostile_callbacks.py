"""A waiting sign-in survives any request to its port, and only the right answer counts."""

import resource
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from urllib.parse import quote_plus, urlencode, urlsplit

import pytest
from fakes.browser import FakeBrowser
from sign_in.sign_ins import PATH, WaitingSignIn, at, waiting_sign_in

from oidc_helper.emulator import Emulator
from oidc_helper.errors import Refused, SignInNeeded
from oidc_helper.oidc.authorization import Answer
from oidc_helper.sign_in import loopback
from oidc_helper.sign_in.loopback import Loopback

# Attackers drop their sockets, which the garbage collector reports at any later time.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def waiting(emulator: Emulator) -> Iterator[WaitingSignIn]:
    """A sign-in that waits; after the test it still does, and ends as if nothing had happened."""
    with waiting_sign_in(at(emulator)) as running:
        yield running
        assert running.waits
        browser = FakeBrowser()
        browser(running.url)
        signed_in = running.result()
        assert signed_in.subject == "00u-alice"
        signed_in.finish(None)
        assert "<h1>Signed in</h1>" in browser.page()
        assert emulator.count("Token", ok=True) == 1
        assert emulator.count("Token", ok=False) == 0, "a foreign code was redeemed"


def with_state(waiting: WaitingSignIn, **changes: str | None) -> str:
    """The provider's redirect, with changes."""
    values = {"code": "stolen", "state": waiting.asked["state"]} | changes
    return f"{PATH}?{urlencode({name: value for name, value in values.items() if value is not None})}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "another"}, "it belongs to another sign-in"),
        ({"state": None}, "it has no state"),
        ({"state": None, "error": "access_denied"}, "it has no state"),
    ],
)
def test_a_foreign_answer_is_refused_with_the_reason(
    waiting: WaitingSignIn, changes: dict[str, str | None], words: str
) -> None:
    """The sign-in goes on."""
    answer = waiting.send(with_state(waiting, **changes))

    assert answer.status == 400
    assert words in answer.text
    assert "Return to the terminal" in answer.text


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/callback/", "/Callback", "//callback", "/%63allback", "/.env"])
def test_another_path_is_not_found(waiting: WaitingSignIn, path: str) -> None:
    """Even with the right state."""
    assert waiting.send(with_state(waiting).replace(PATH, path, 1)).status == 404


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS", "TRACE", "X"])
def test_only_get_is_answered(waiting: WaitingSignIn, method: str) -> None:
    answer = waiting.send(with_state(waiting), method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert bool(answer.text) is (method != "HEAD")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}"])
def test_a_rebound_host_name_is_refused(waiting: WaitingSignIn, host: str) -> None:
    port = waiting.host.partition(":")[2]

    assert waiting.send(with_state(waiting), Host=host.format(port=port)).status == 421


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/callback?" + "x" * 270_000, {}),
        ("/callback", {f"X-{number}": "x" * 60_000 for number in range(20)}),
        ("/callback", {"Cookie": "x" * 1_100_000}),
    ],
    ids=["a line", "many lines", "a cookie"],
)
def test_a_request_without_measure_gets_a_page_that_says_so(
    waiting: WaitingSignIn, target: str, headers: dict[str, str]
) -> None:
    answer = waiting.send(target, **headers)

    assert answer.status == 431
    assert "This request is too long." in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET /callback\r\n\r\n",
        b"GET /callback HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /callback HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET http://127.0.0.1/callback HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /callback?\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\n" * 10,
        b"\0" * 20_000,
    ],
)
def test_garbage_is_refused_or_dropped(waiting: WaitingSignIn, sent: bytes) -> None:
    """It is not HTTP, or meant for a TLS or proxy server."""
    name, _, port = waiting.host.partition(":")
    with socket.create_connection((name, int(port)), timeout=30) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        first = connection.recv(65_536)

    assert first == b"" or first.split()[1] in {b"400", b"421", b"431"}


def test_requests_without_end_delay_nobody(waiting: WaitingSignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are dropped after a while."""
    monkeypatch.setattr(loopback, "_REQUEST_S", 0.2)
    name, _, port = waiting.host.partition(":")
    slow = [socket.create_connection((name, int(port)), timeout=30) for _ in range(20)]
    for connection in slow:
        connection.sendall(b"GET /callback?state=")
    assert waiting.send("/favicon.ico").status == 404

    for connection in slow:
        with suppress(ConnectionError):  # dropped as well
            assert connection.recv(1) == b""
        connection.close()


def test_a_thousand_idle_connections_delay_nobody(waiting: WaitingSignIn) -> None:
    """They take no threads, and most of them are dropped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    threads = threading.active_count()
    name, _, port = waiting.host.partition(":")
    crowd = [socket.create_connection((name, int(port)), timeout=30) for _ in range(1_000)]
    assert waiting.send("/favicon.ico").status == 404
    assert threading.active_count() < threads + 10

    dropped: set[int] = set()
    poll = select.poll()
    for connection in crowd:
        poll.register(connection, select.POLLIN)
    while len(dropped) < 1_000 - loopback._MOST_CONNECTIONS:
        ended = poll.poll(30_000)
        assert ended, f"only {len(dropped)} were dropped"
        for descriptor, _ in ended:
            poll.unregister(descriptor)
            dropped.add(descriptor)
    for connection in crowd:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_that_say_nothing_are_ignored(waiting: WaitingSignIn) -> None:
    """Those that are reset, too."""
    name, _, port = waiting.host.partition(":")
    for _ in range(50):
        connection = socket.create_connection((name, int(port)), timeout=30)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.close()


def test_the_answer_counts_once(emulator: Emulator) -> None:
    """The same answer again, or one with another code, gets a page that says so, and changes nothing."""
    with waiting_sign_in(at(emulator)) as waiting:
        browser = FakeBrowser()
        browser(waiting.url)
        signed_in = waiting.result()
        again = waiting.send(with_state(waiting, iss=emulator.issuer))
        assert again.status == 409
        assert "This sign-in has been answered already." in again.text

        signed_in.finish(None)
        assert "Signed in" in browser.page()
        assert emulator.count("Token") == 1


def test_a_flood_does_not_displace_the_page_that_waits(emulator: Emulator) -> None:
    with waiting_sign_in(at(emulator)) as waiting:
        browser = FakeBrowser()
        browser(waiting.url)
        signed_in = waiting.result()
        name, _, port = waiting.host.partition(":")
        crowd = [socket.create_connection((name, int(port)), timeout=30) for _ in range(300)]
        assert waiting.send("/").status == 404

        signed_in.finish(None)
        assert "Signed in" in browser.page()

        for connection in crowd:
            connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "x" * 900_000},
        {f"Cookie{number}": "a=" + "x" * 4_000 for number in range(200)},
        {"Cookie": "x" * 262_144},
        {"Cookie": "x" * 262_143},
    ],
    ids=["one", "many", "limit", "within"],
)
def test_the_cookies_of_other_programs_are_no_obstacle(emulator: Emulator, headers: dict[str, str]) -> None:
    """Browsers send all cookies of this host, whichever port set them: 16 KiB of them used to be too many."""
    with waiting_sign_in(at(emulator)) as waiting:
        target = FakeBrowser().redirect_of(waiting.url).partition(waiting.host)[2]
        sender = threading.Thread(target=lambda: waiting.send(target, **headers), daemon=True)
        sender.start()
        waiting.result().finish(None)
        sender.join()

        assert emulator.count("Token", ok=True) == 1


def test_a_flood_of_long_requests_takes_little_memory(waiting: WaitingSignIn) -> None:
    """Long lines are dropped as they come."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    name, _, port = waiting.host.partition(":")
    crowd = [socket.create_connection((name, int(port)), timeout=30) for _ in range(100)]
    for connection in crowd:
        connection.sendall(b"GET /callback HTTP/1.1\r\nCookie: " + b"x" * 900_000)
    assert waiting.send("/favicon.ico").status == 404
    for connection in crowd:
        connection.close()

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000  # KiB


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (f"code=c&iss={quote_plus('https://login.evil.example')}", "it comes from &#x27;https://login.evil.example"),
        ("code=c", "it comes from nobody"),
        ("iss=right", "it has neither a code nor an error"),
        ("code=a&code=b&iss=right", "it has two codes"),
        ("error=access_denied&error_description=Acc%E8s%20refus%E9&iss=right", "the sign-in was declined"),
        ("error=access_denied&error_description=Acc\xe8s&iss=right", "the sign-in was declined"),
    ],
)
def test_what_bears_the_state_ends_the_sign_in_with_the_reason(emulator: Emulator, more: str, reason: str) -> None:
    """A page and a terminal that wait on would never tell it: the provider sends no other answer."""
    with waiting_sign_in(at(emulator)) as waiting:
        query = more.replace("right", quote_plus(emulator.issuer)) + f"&state={waiting.asked['state']}"
        name, _, port = waiting.host.partition(":")
        with socket.create_connection((name, int(port)), timeout=30) as tab:
            tab.sendall(f"GET {PATH}?{query} HTTP/1.1\r\nHost: {waiting.host}\r\n\r\n".encode("latin-1"))
            with pytest.raises(Refused):
                waiting.result()
            page = tab.makefile("rb").read().decode()

        assert "<h1>Not signed in</h1>" in page
        assert reason in page
        assert emulator.count("Token") == 0


def test_the_start_leads_to_the_provider_once(emulator: Emulator) -> None:
    """Somebody who read it in the browser's arguments, and was first, could answer as himself: it ends the sign-in."""
    with waiting_sign_in(at(emulator)) as waiting:  # it was opened once
        start = urlsplit(waiting.start)
        assert start.netloc == waiting.host
        assert waiting.asked["state"] not in waiting.start
        second = waiting.send(start.path)
        with pytest.raises(SignInNeeded, match="was opened twice: another program may have read it"):
            waiting.result()

        assert second.status == 409
        assert "was opened twice" in second.text


def test_the_start_is_kept_by_nobody(emulator: Emulator) -> None:
    """The redirect is neither stored nor named to the provider as the referrer."""
    waiting = Loopback(path=PATH)
    waiting.serve("https://login.example.com/authorize?state=s", lambda _: Answer(code="x"))
    start = urlsplit(waiting.start_url)
    connection = HTTPConnection(start.netloc, timeout=30)
    connection.request("HEAD", start.path)
    assert connection.getresponse().status == 405, "it was not opened by that"
    connection.close()
    connection.request("GET", start.path)
    answer = connection.getresponse()
    connection.close()
    waiting.close()

    assert (answer.status, answer.headers["Location"]) == (303, "https://login.example.com/authorize?state=s")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_start_that_is_opened_again_after_the_answer_ends_nothing(emulator: Emulator) -> None:
    """A browser may restore its tabs."""
    with waiting_sign_in(at(emulator)) as waiting:
        browser = FakeBrowser()
        browser(waiting.url)
        signed_in = waiting.result()
        assert waiting.send(urlsplit(waiting.start).path).status == 409

        signed_in.finish(None)
        assert "Signed in" in browser.page()
