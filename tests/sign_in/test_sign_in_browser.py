"""Signing in with the browser: the request, its outcome, and the person's view of screen and page."""

import base64
import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from fakes.browser import FakeBrowser
from fakes.provider import CLIENT, FakeProvider, Reply, answer, fake_provider
from sign_in.sign_ins import PATH, Screen, at, identity_of, waiting_sign_in

from oidc_helper.emulator import Emulator
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain
from oidc_helper.settings import Identity
from oidc_helper.sign_in import browser as browser_sign_in
from oidc_helper.sign_in import loopback, page
from oidc_helper.sign_in.provider import SignedIn, sign_in


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that lies on demand."""
    with fake_provider() as running:
        yield running


def signed_in(identity: Identity, browser: FakeBrowser, screen: Screen | None = None, **how: Any) -> SignedIn:
    return sign_in(identity, (screen or Screen()).person(browser), way="browser", timeout_s=20, **how)


def port_in(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def assert_nobody_listens(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_sign_in_ends_with_tokens_and_a_page(emulator: Emulator) -> None:
    """The page appears once the exchange has worked."""
    browser, screen = FakeBrowser(), Screen()
    result = signed_in(at(emulator), browser, screen)
    assert (result.identity_token.user, result.identity_token.issuer) == ("alice@example.com", emulator.issuer)
    assert result.refresh_token
    assert result.identity_token.raw not in repr(result)
    assert result.refresh_token not in repr(result)
    assert browser.status == 0, "the page waits for the exchange"

    result.finish(None)
    assert "<h1>Signed in</h1>" in browser.page()
    assert re.sub(r"for \d+ s", "for TIME", screen.text.getvalue()) == (
        f"oidc-helper: opening the browser to sign in at {urlsplit(emulator.issuer).netloc} (identity corp); "
        f"if it does not open, go to\n{browser.went[0]}\nwaiting for the browser, for TIME at most\n"
    )


def test_a_failed_exchange_is_shown_on_the_page(emulator: Emulator) -> None:
    """In its own words, and with no markup of them obeyed."""
    browser = FakeBrowser()
    result = signed_in(at(emulator), browser)
    result.finish("refused: <script>alert(1)</script>")

    assert "<h1>Not signed in</h1>" in browser.page()
    assert "refused: &lt;script&gt;alert(1)&lt;/script&gt;" in browser.page()
    assert "Return to the terminal." in browser.page()


def test_no_listener_and_no_thread_are_left(emulator: Emulator) -> None:
    """To end again does nothing."""
    browser = FakeBrowser()
    result = signed_in(at(emulator), browser)
    assert "loopback" in {thread.name for thread in threading.enumerate()}

    result.finish(None)
    result.finish("too late")
    assert "Signed in" in browser.page()
    assert_nobody_listens(port_in(browser.opened[0]))
    assert "loopback" not in {thread.name for thread in threading.enumerate()}


def test_a_person_opens_the_address_where_no_browser_does(emulator: Emulator) -> None:
    """The sign-in waits all the same."""
    browser, screen = FakeBrowser(), Screen()

    def cannot(url: str) -> bool:
        browser(url)
        return False

    sign_in(at(emulator), screen.person(cannot), way="browser", timeout_s=20).finish(None)
    assert "open this address in a browser on this machine\nhttp://" in screen.text.getvalue()


class Outline(HTMLParser):
    """The tags and attributes of a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("outcome", [None, "it did not work"])
def test_the_page_loads_and_runs_nothing(emulator: Emulator, outcome: str | None) -> None:
    """It has one heading and a language, sends no referrer, and is not kept."""
    browser = FakeBrowser()
    signed_in(at(emulator), browser).finish(outcome)
    outline = Outline()
    outline.feed(browser.page())
    assert not {"script", "link", "img", "iframe", "form", "a", "object"} & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name in ("src", "href", "style") or name.startswith("on")]
    assert (outline.tags.count("h1"), outline.tags.count("main")) == (1, 1)
    assert ("lang", "en") in outline.attributes
    assert ("aria-hidden", "true") in outline.attributes
    assert "url(" not in browser.text
    assert "prefers-color-scheme: dark" in browser.text
    assert (browser.status, browser.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert browser.headers["Cache-Control"] == "no-store"
    assert browser.headers["Referrer-Policy"] == "no-referrer"
    assert browser.headers["X-Content-Type-Options"] == "nosniff"

    style = browser.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert browser.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_a_declined_sign_in_is_shown_on_page_and_terminal(emulator: Emulator) -> None:
    """With the provider's own name for it."""
    with waiting_sign_in(at(emulator)) as waiting:
        query = urlencode({"error": "access_denied", "state": waiting.asked["state"], "iss": emulator.issuer})
        browser = FakeBrowser()
        browser(f"{waiting.redirect_uri}?{query}")
        with pytest.raises(Refused) as caught:
            waiting.result()

        assert caught.value.message == "the sign-in was declined: access_denied"
        assert "the sign-in was declined: access_denied" in browser.page()
        assert "Not signed in" in browser.page()


def test_the_provider_s_words_steer_neither_terminal_nor_page(emulator: Emulator) -> None:
    with waiting_sign_in(at(emulator)) as waiting:
        values = {"error": "server_error", "error_description": "\x1b[2Jdown <b>now</b>", "iss": emulator.issuer}
        browser = FakeBrowser()
        browser(f"{waiting.redirect_uri}?{urlencode(values | {'state': waiting.asked['state']})}")
        with pytest.raises(TryAgain) as caught:
            waiting.result()

        assert "refused: server_error: \\x1b[2Jdown <b>now</b>" in caught.value.message
        assert "down &lt;b&gt;now&lt;/b&gt;" in browser.page()


def test_a_token_endpoint_in_trouble_may_be_tried_again(emulator: Emulator) -> None:
    """The page says so as well."""
    emulator.fault("Token", status=503)
    browser = FakeBrowser()
    with pytest.raises(TryAgain, match="HTTP status 503"):
        signed_in(at(emulator), browser)

    assert "Not signed in" in browser.page()
    assert emulator.count("Token") == 1


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "x"}, "invalid claim: &#x27;nonce&#x27;"),
    "no nonce": ({"nonce": None}, "missing claim: &#x27;nonce&#x27;"),
    "another audience": ({"aud": "x"}, "invalid claim: &#x27;aud&#x27;"),
    "another issuer": ({"iss": "https://x"}, "invalid claim: &#x27;iss&#x27;"),
    "expired": ({"exp": 1}, "the token is expired"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_invalid_id_token_ends_the_sign_in(provider: FakeProvider, lie: str) -> None:
    """The page says why."""
    provider.claims, words = LIES[lie]
    browser = FakeBrowser()
    with pytest.raises(Refused):
        signed_in(identity_of(provider.issuer, CLIENT), browser)

    assert words in browser.page()


def access_token_of(provider: FakeProvider) -> str:
    """An access token that is a JWT, as an assertion must be."""
    return provider.signed({"iss": provider.issuer, "sub": "00u-alice", "aud": CLIENT, "exp": int(time.time()) + 600})


def test_an_opaque_access_token_is_no_assertion(provider: FakeProvider) -> None:
    """It ends the sign-in, and the page says why."""
    browser = FakeBrowser()
    with pytest.raises(SignInNeeded, match="the access token for corp does not hold a JWT"):
        signed_in(identity_of(provider.issuer, CLIENT, assertion="access_token"), browser)
    assert "does not hold a JWT" in browser.page()


def test_a_sign_in_without_id_token_names_the_remedy(provider: FakeProvider) -> None:
    """That is a scope, or another choice of the assertion."""
    provider.tokens["id_token"] = None
    with pytest.raises(Refused) as caught:
        signed_in(identity_of(provider.issuer, CLIENT), FakeBrowser())
    assert caught.value.hint == 'add "openid" to scopes, or set assertion = "access_token"'
    provider.tokens["access_token"] = access_token = access_token_of(provider)

    result = signed_in(identity_of(provider.issuer, CLIENT, assertion="access_token"), FakeBrowser())
    result.finish(None)
    assert (result.identity_token.raw, result.subject) == (access_token, "")


def test_the_id_token_is_verified_even_where_the_access_token_is_exchanged(provider: FakeProvider) -> None:
    provider.tokens["access_token"] = access_token = access_token_of(provider)
    identity = identity_of(provider.issuer, CLIENT, assertion="access_token")
    result = signed_in(identity, FakeBrowser())
    result.finish(None)
    assert (result.identity_token.raw, result.subject) == (access_token, "00u-alice")

    provider.claims = {"aud": "x"}
    with pytest.raises(Refused):
        signed_in(identity, FakeBrowser())


def test_a_sign_in_may_bring_no_refresh_token(provider: FakeProvider) -> None:
    provider.tokens["refresh_token"] = None
    result = signed_in(identity_of(provider.issuer, CLIENT), FakeBrowser())
    result.finish(None)

    assert result.refresh_token is None


def test_a_provider_that_announces_iss_must_send_it(provider: FakeProvider) -> None:
    """An answer without it ends the sign-in with that reason."""
    provider.document["authorization_response_iss_parameter_supported"] = True
    with waiting_sign_in(identity_of(provider.issuer, CLIENT)) as waiting:
        browser = FakeBrowser()
        browser(waiting.url)
        assert "it comes from nobody" in browser.page()
        with pytest.raises(Refused, match="cannot be used: it comes from nobody"):
            waiting.result()
    with waiting_sign_in(identity_of(provider.issuer, CLIENT)) as waiting:
        values = {"code": "a-code", "state": waiting.asked["state"], "iss": provider.issuer}
        provider._nonce = waiting.asked["nonce"]
        browser(f"{waiting.redirect_uri}?{urlencode(values)}")
        waiting.result().finish(None)
        assert "Signed in" in browser.page()


def test_the_authorization_request_has_every_setting(provider: FakeProvider) -> None:
    """None of them displaces our own parameters."""
    identity = identity_of(
        provider.issuer,
        CLIENT,
        audience="https://aws.example.com",
        resource="urn:api",
        login_hint="alice@example.com",
        authorize_parameters={"prompt": "login", "access_type": "offline"},
    )
    signed_in(identity, FakeBrowser()).finish(None)
    asked = provider.asked("/authorize")[0].values

    assert asked.pop("redirect_uri").endswith(PATH)
    for fresh in ("state", "nonce", "code_challenge"):
        assert len(asked.pop(fresh)) == 43
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "code_challenge_method": "S256",
        "scope": "openid email offline_access",
        "audience": "https://aws.example.com",
        "resource": "urn:api",
        "login_hint": "alice@example.com",
        "prompt": "login",
        "access_type": "offline",
    }
    assert provider.asked("/token")[0].values["resource"] == "urn:api"


def test_a_confidential_client_needs_its_secret(emulator: Emulator) -> None:
    client = emulator.directory.identity_provider.clients["oidc-helper-web"]
    identity = identity_of(emulator.issuer, client.client_id)
    emulator.directory.identity_provider.auto_approve = True
    signed_in(identity, FakeBrowser(), client_secret=client.secret).finish(None)
    browser = FakeBrowser()
    with pytest.raises(Refused) as caught:
        signed_in(identity, browser, client_secret="wrong")

    assert caught.value.hint == "check client_id, and client_secret where the client has one"
    assert "wrong" not in browser.page()


def test_the_redirect_uri_may_say_localhost(provider: FakeProvider) -> None:
    """Some providers accept nothing else."""
    browser = FakeBrowser()
    signed_in(identity_of(provider.issuer, CLIENT, redirect_host="localhost"), browser).finish(None)

    assert provider.asked("/authorize")[0].values["redirect_uri"].startswith("http://localhost:")
    assert "Signed in" in browser.page()


def test_a_sign_in_that_nobody_finishes_ends_in_time(provider: FakeProvider) -> None:
    """Nobody listens any more."""
    browser = FakeBrowser()
    provider.replies["/authorize"] = lambda _: Reply(200, {}, b"who are you?")
    with pytest.raises(SignInNeeded, match="nobody finished the sign-in in the browser in time"):
        sign_in(identity_of(provider.issuer, CLIENT), Screen().person(browser), way="browser", timeout_s=0.5)

    assert_nobody_listens(port_in(browser.opened[0]))


def test_after_a_while_the_terminal_says_what_may_be_wrong(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser shows an error of the provider, which does not send it back: nobody else could tell."""
    monkeypatch.setattr(browser_sign_in, "_ADVICE_AFTER_S", 0)
    screen, browser = Screen(), FakeBrowser()
    signed_in(identity_of(provider.issuer, CLIENT), browser, screen).finish(None)
    redirect_uri = provider.asked("/authorize")[0].values["redirect_uri"]

    place = f"{urlsplit(provider.issuer).netloc} (identity corp)"
    assert (
        "oidc-helper: no answer yet; if the browser shows an error page, stop with ctrl-c, and compare with the "
        f"settings at {place}: client {CLIENT}, redirect URI {redirect_uri}\n"
    ) in screen.text.getvalue()


def test_ctrl_c_while_the_browser_opens_ends_everything(emulator: Emulator) -> None:
    opened: list[str] = []

    def interrupt(url: str) -> bool:
        opened.append(url)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sign_in(at(emulator), Screen().person(interrupt), way="browser", timeout_s=20)
    assert_nobody_listens(port_in(opened[0]))


def test_a_page_without_outcome_claims_nothing(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "_HOLD_S", 0.1)
    browser = FakeBrowser()
    result = signed_in(at(emulator), browser)
    assert "It is not known how the sign-in went." in browser.page()

    result.finish(None)


def test_a_tab_that_is_closed_too_early_does_no_harm(emulator: Emulator) -> None:
    """The person is signed in nevertheless."""
    with waiting_sign_in(at(emulator)) as waiting:
        code = FakeBrowser().redirect_of(waiting.url)
        name, _, port = waiting.host.partition(":")
        with socket.create_connection((name, int(port)), timeout=20) as tab:
            tab.sendall(f"GET {PATH}?{urlsplit(code).query} HTTP/1.1\r\nHost: {waiting.host}\r\n\r\n".encode())
            result = waiting.result()
        result.finish(None)

        assert result.subject == "00u-alice"


def test_every_page_says_where_to_go_next() -> None:
    for made in (page.signed_in(), page.failed(""), page.ignored("")):
        assert b"Return to the terminal." in made


def test_an_unreachable_provider_opens_no_browser() -> None:
    browser = FakeBrowser()
    with pytest.raises(OidcHelperError):
        signed_in(identity_of("http://127.0.0.1:1", CLIENT), browser)

    assert not browser.opened


def test_a_provider_without_authorization_opens_no_browser(provider: FakeProvider) -> None:
    """The message names it."""
    provider.replies["/.well-known/openid-configuration"] = lambda _: answer(
        provider.document | {"authorization_endpoint": None}
    )
    browser = FakeBrowser()
    with pytest.raises(Refused, match="offers no authorization endpoint"):
        signed_in(identity_of(provider.issuer, CLIENT), browser)

    assert not browser.opened
