"""Discovery: the documents that are believed, and the error for every other."""

import gzip
import itertools
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.provider import JSON, FakeProvider, Reply, Request, answer

from oidc_helper.errors import OidcHelperError, Refused, TryAgain, WrongSettings
from oidc_helper.machine import http
from oidc_helper.machine.hosts import EMULATOR_PORT
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import discover, is_safe

PATH = "/.well-known/openid-configuration"


def refusal(provider: FakeProvider, client: Client, timeout_s: float = 10) -> OidcHelperError:
    with pytest.raises(OidcHelperError) as caught:
        discover(provider.issuer, client=client, timeout_s=timeout_s)
    assert caught.value.message.isprintable()
    assert caught.value.hint
    return caught.value


def test_endpoints_and_algorithms_come_from_the_document(provider: FakeProvider, client: Client) -> None:
    """A missing entry has the default of the specification."""
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    assert discovered.authorization_endpoint == provider.issuer + "/authorize"
    assert (discovered.authentications, discovered.names_itself) == (("client_secret_basic",), False)

    provider.document |= {"authorization_response_iss_parameter_supported": True, "revocation_endpoint": None}
    del provider.document["id_token_signing_alg_values_supported"]
    discovered = discover(provider.issuer, client=client, timeout_s=10)
    assert (discovered.names_itself, discovered.algorithms, discovered.revocation_endpoint) == (True, ("RS256",), "")

    with pytest.raises(Refused, match="offers no revocation endpoint"):
        discovered.endpoint("revocation_endpoint")


def test_a_slash_at_the_end_makes_another_issuer(provider: FakeProvider, client: Client) -> None:
    """The document is at the same address nevertheless."""
    provider.document["issuer"] += "/"

    assert discover(provider.issuer + "/", client=client, timeout_s=10).issuer.endswith("/")
    assert "with or without a slash at the end" in refusal(provider, client).hint


@pytest.mark.parametrize("issuer", ["https://login.example.com", "", None, ["x"], "\x1b[2J\u202e"])
def test_a_document_of_another_issuer_is_refused(provider: FakeProvider, client: Client, issuer: Any) -> None:
    """Its words cannot steer the terminal."""
    provider.document["issuer"] = issuer
    error = refusal(provider, client)

    assert isinstance(error, Refused)
    assert "says that its issuer is" in error.message


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "authorization_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize("url", ["http://login.example.com/x", "https://a@b.example/", "file:///etc/passwd", 5, " "])
def test_an_endpoint_without_https_is_refused_by_its_name(
    provider: FakeProvider, client: Client, name: str, url: object
) -> None:
    """Secrets would travel to it in the open."""
    provider.document[name] = url
    error = refusal(provider, client)

    assert isinstance(error, Refused)
    assert f"as its {name}, which is not an https address" in error.message


@pytest.mark.parametrize("nothing", ["", None])
def test_an_endpoint_that_is_empty_does_not_exist(provider: FakeProvider, client: Client, nothing: object) -> None:
    """It is refused where every sign-in needs it."""
    provider.document["revocation_endpoint"] = nothing
    assert discover(provider.issuer, client=client, timeout_s=10).revocation_endpoint == ""

    provider.document["token_endpoint"] = nothing
    assert "as its token_endpoint" in refusal(provider, client).message


@pytest.mark.parametrize("name", ["token_endpoint_auth_methods_supported", "prompt_values_supported"])
def test_an_odd_list_that_decides_nothing_is_passed_over(provider: FakeProvider, client: Client, name: str) -> None:
    for odd in ("login", [None, 5], {"login": True}, 7):
        provider.document[name] = odd
        assert discover(provider.issuer, client=client, timeout_s=10).prompts == ()


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/html; charset=utf-8", "application/octet-stream", "", "x/json"]
)
def test_json_is_read_whatever_it_is_called(provider: FakeProvider, client: Client, media_type: str) -> None:
    """A mark of its encoding does not count either."""
    text = b"\xef\xbb\xbf " + json.dumps(provider.document).encode()
    provider.replies[PATH] = lambda _: Reply(200, {"Content-Type": media_type}, text)

    assert discover(provider.issuer, client=client, timeout_s=10).issuer == provider.issuer


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer_is_read(
    provider: FakeProvider, client: Client, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """Nobody asked for it, but it does no harm; one that would fill the memory is cut."""
    headers = JSON | {"Content-Encoding": encoding}
    provider.replies[PATH] = lambda _: Reply(200, headers, compress(json.dumps(provider.document).encode()))
    assert discover(provider.issuer, client=client, timeout_s=10).issuer == provider.issuer

    provider.replies[PATH] = lambda _: Reply(200, headers, compress(b" " * 200_000_000))
    assert "more than 1,048,576 bytes" in refusal(provider, client).message


@pytest.mark.parametrize(
    ("url", "issuer", "safe"),
    [
        ("https://login.example.com/token?p=1", "https://login.example.com", True),
        ("http://127.0.0.1:8080/token", "http://localhost:8080", True),
        ("http://[::1]/token", "http://[::1]", True),
        ("http://127.0.0.1:8080/token", "https://login.example.com", False),
        ("http://127.0.0.1.example.com/", "http://127.0.0.1", False),
        ("https://login.example.com/#fragment", "https://login.example.com", False),
        ("https://login.example.com:99999/", "https://login.example.com", False),
        ("https://login.example.com/\n", "https://login.example.com", False),
        ("https:///token", "https://login.example.com", False),
        ("ftp://login.example.com/", "https://login.example.com", False),
    ],
)
def test_secrets_go_over_https_or_stay_on_this_machine(url: str, issuer: str, safe: bool) -> None:  # noqa: FBT001 - a column of the table
    """Plain http needs an issuer on this machine as well."""
    assert is_safe(url, issuer) is safe


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_the_endpoints_that_every_sign_in_needs_are_required(provider: FakeProvider, client: Client, name: str) -> None:
    del provider.document[name]

    assert name in refusal(provider, client).message


ANSWERS: dict[str, tuple[Callable[[Request], Reply], str]] = {
    "a redirect": (lambda _: Reply(302, {"Location": PATH}), "redirects to /.well-known/openid-configuration"),
    "a redirect elsewhere": (lambda _: Reply(307, {"Location": "https://x/\x1b"}), r"redirects to https://x/\x1b"),
    "a page": (lambda _: Reply(200, {"Content-Type": "text/html"}, b"<h1>Hello</h1>"), "sends text/html and not JSON"),
    "no type": (lambda _: Reply(200, {}, b"Hello"), "sends something and not JSON"),
    "no such page": (lambda _: Reply(404, {"Content-Type": "text/html"}, b"no"), "answers with HTTP status 404"),
    "no JSON": (lambda _: Reply(200, JSON, b"<h1>"), "gives an answer that makes no sense"),
    "no object": (lambda _: answer(["issuer"]), "gives an answer that makes no sense"),
    "no UTF-8": (lambda _: Reply(200, JSON, b'{"issuer": "\xff"}'), "gives an answer that makes no sense"),
    "a deep one": (lambda _: Reply(200, JSON, b"[" * 100_000), "gives an answer that makes no sense"),
    "a large one": (lambda _: Reply(200, JSON, b'"' + b"x" * 2_000_000 + b'"'), "more than 1,048,576 bytes"),
    "an endless one": (lambda _: Reply(200, JSON, itertools.repeat(b"1" * 65_536)), "more than 1,048,576 bytes"),
    "a compressed one": (
        lambda _: Reply(200, JSON | {"Content-Encoding": "x-unheard-of"}, b"\x1f\x8b"),
        "sends a compressed answer that nobody asked for",
    ),
    "a torn one": (
        lambda _: Reply(200, JSON | {"Content-Encoding": "gzip"}, b"no gzip"),
        "gives an answer that cannot be used (DecodingError)",
    ),
    "odd lists": (lambda _: answer({}), "says that its issuer is 'None'"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_no_document_is_refused(provider: FakeProvider, client: Client, kind: str) -> None:
    """Trying again would not help."""
    provider.replies[PATH], words = ANSWERS[kind]
    error = refusal(provider, client)

    assert isinstance(error, Refused)
    assert words in error.message
    assert len(provider.requests) == 1


@pytest.mark.parametrize("reply", [Reply(404, {"Content-Type": "text/html"}, b"no"), answer({"error": "no"}, 404)])
def test_a_wrong_issuer_is_shown_with_the_address_that_was_asked(
    provider: FakeProvider, client: Client, reply: Reply
) -> None:
    """The document is below it, which nobody sees in the settings."""
    provider.replies[PATH] = lambda _: reply
    error = refusal(provider, client)

    assert error.message == f"{provider.issuer}{PATH} answers with HTTP status 404"
    assert error.hint == f'check issuer = "{provider.issuer}"'


def test_a_list_of_algorithms_that_is_none_is_refused(provider: FakeProvider, client: Client) -> None:
    for odd in ("RS256", [256], {"RS256": True}):
        provider.document["id_token_signing_alg_values_supported"] = odd
        error = refusal(provider, client)
        assert "that is not a list of words" in error.message
        assert error.hint == f'check issuer = "{provider.issuer}": is this an OpenID provider?'


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_in_trouble_may_be_tried_again(provider: FakeProvider, client: Client, status: int) -> None:
    provider.replies[PATH] = lambda _: Reply(status, {"Content-Type": "text/html"}, b"oops")
    error = refusal(provider, client)

    assert isinstance(error, TryAgain)
    assert f"HTTP status {status}" in error.message


def test_a_silent_provider_is_given_up_at_the_deadline(provider: FakeProvider, client: Client) -> None:
    over = threading.Event()

    def silent(_: Request) -> Reply:
        over.wait(30)
        return answer({})

    provider.replies[PATH] = silent
    error = refusal(provider, client, timeout_s=0.3)
    over.set()
    assert isinstance(error, TryAgain)
    assert "does not answer in time" in error.message


def test_a_dribbling_body_is_given_up_at_the_deadline(provider: FakeProvider, client: Client) -> None:
    """Each of its bytes comes in time."""
    over = threading.Event()

    def dribble() -> Iterator[bytes]:
        while not over.wait(0.01):
            yield b" "

    provider.replies[PATH] = lambda _: Reply(200, JSON, dribble())
    error = refusal(provider, client, timeout_s=0.5)
    over.set()
    assert isinstance(error, TryAgain)
    assert "does not answer in time" in error.message


def test_a_dribbling_head_is_given_up_at_the_deadline(client: Client) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dribble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Head: ")
                while not over.wait(0.01):
                    connection.sendall(b"x")

        thread = threading.Thread(target=dribble, daemon=True)
        thread.start()
        with pytest.raises(TryAgain, match="does not answer in time"):
            discover(f"http://127.0.0.1:{server.getsockname()[1]}", client=client, timeout_s=0.5)
        over.set()
        thread.join()


def test_a_provider_that_is_not_there_received_nothing(provider: FakeProvider, client: Client) -> None:
    """The error says so."""
    with pytest.raises(TryAgain) as caught:
        discover("http://127.0.0.1:1", client=client, timeout_s=10)

    assert caught.value.never_sent
    assert "127.0.0.1:1 cannot be reached" in caught.value.message
    assert not provider.requests


def test_a_proxy_is_not_asked_for_this_machine(
    provider: FakeProvider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for every other provider."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", provider.issuer)
    assert discover(provider.issuer, client=client, timeout_s=10).host

    with pytest.raises(TryAgain):
        discover("https://login.example.com", client=client, timeout_s=10)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(TryAgain, match="cannot be reached"):
        discover("https://login.example.com", client=client, timeout_s=10)


def test_an_unreadable_bundle_is_a_wrong_setting(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")
    error = refusal(provider, Client("native"))

    assert error.exit_code == 2
    assert error.message.startswith("AWS_CA_BUNDLE: the certificates in /nowhere/ca.pem cannot be read: ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name is not found"),
        (ConnectionRefusedError(111, "Connection refused"), "the connection is refused"),
        (OSError(113, "No route to host"), "no route to host"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
    ],
    ids=["name", "refused", "route", "network"],
)
def test_a_provider_out_of_reach_is_named_with_the_reason(
    error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is another thing to mend; --debug tells it too."""
    caplog.set_level("DEBUG", "oidc_helper.oidc.connection")

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(http, "connect", fail)
    with pytest.raises(TryAgain) as caught:
        discover("https://login.example.com", client=Client("native"), timeout_s=10)

    assert (caught.value.message, caught.value.never_sent) == (f"login.example.com cannot be reached ({reason})", True)
    assert caught.value.hint == "check the network and the proxy (HTTPS_PROXY)"
    assert f"login.example.com: ConnectError: {reason}" in caplog.text


@pytest.mark.parametrize(
    ("issuer", "hint"),
    [
        ("http://127.0.0.1:1/idp", "nothing listens there: check issuer, or start that server"),
        ("http://localhost:1/idp", "nothing listens there: check issuer, or start that server"),
        (
            f"http://127.0.0.1:{EMULATOR_PORT}/idp",
            "nothing listens there until you start the emulator: oidc-helper emulator --write DIRECTORY",
        ),
    ],
)
def test_no_network_is_blamed_for_a_server_of_this_machine_that_does_not_run(
    issuer: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator of yesterday is the usual one."""

    def fail(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(http, "connect", fail)
    with pytest.raises(TryAgain) as caught:
        discover(issuer, client=Client("native"), timeout_s=10)

    assert caught.value.hint == hint


def test_a_proxy_of_another_kind_is_a_wrong_setting(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It made no sense as an answer of the provider, or was a bug."""
    monkeypatch.setenv("all_proxy", "socks://127.0.0.1:9/")
    with pytest.raises(WrongSettings, match="all_proxy names a proxy with socks://"):
        discover("https://login.example.com", client=client, timeout_s=10)
