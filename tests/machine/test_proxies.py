"""The proxy on the way to a host: which variable names it, and which hosts are reached without it."""

import pytest

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.proxies import Proxy, proxy_for

HTTPS = "https://login.example.com/token"
PLAIN = Proxy("http", "proxy", 3128, "", "")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, PLAIN),
        ({"https_proxy": "proxy:3128"}, PLAIN),
        ({"ALL_PROXY": "http://proxy:3128/"}, PLAIN),
        ({"ALL_PROXY": "socks://other", "HTTPS_PROXY": "http://proxy:3128"}, PLAIN),
        ({"all_proxy": "socks5h://proxy"}, Proxy("socks5h", "proxy", 1080, "", "")),
        ({"HTTPS_PROXY": "SOCKS5://proxy:9050"}, Proxy("socks5", "proxy", 9050, "", "")),
        ({"HTTPS_PROXY": "https://me:p%40ss@[::1]"}, Proxy("https", "::1", 443, "me", "p@ss")),
        ({"HTTPS_PROXY": "http://j%C3%B6rg:x@proxy:1"}, Proxy("http", "proxy", 1, "jörg", "x")),
    ],
)
def test_a_proxy_is_found_where_other_programs_find_it(
    environment: dict[str, str], proxy: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the scheme of the URL, else for all schemes."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(HTTPS) == proxy


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("all_proxy", "socks://127.0.0.1:9/", "all_proxy names a proxy with socks://"),
        ("ALL_PROXY", "socks4://127.0.0.1:9", "ALL_PROXY names a proxy with socks4://"),
        ("HTTPS_PROXY", "ftp://proxy", "HTTPS_PROXY names a proxy with ftp://"),
        ("HTTPS_PROXY", "http://us er:p#ss@127.0.0.1:9", "HTTPS_PROXY is not the address of a proxy"),
        ("https_proxy", "http://:p#ss@proxy", "https_proxy is not the address of a proxy"),
        ("HTTPS_PROXY", "http://pro xy:1", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTPS_PROXY", "http://proxy:99999", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTPS_PROXY", r"http://evil\proxy:1", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTPS_PROXY", "http://[::1", "HTTPS_PROXY is not the address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    variable: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its value may hold a password, and is not repeated."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSettings) as caught:
        proxy_for(HTTPS)

    assert words in caught.value.message
    assert variable in caught.value.hint
    assert "p#ss" not in f"{caught.value.message} {caught.value.hint}"


def test_the_hint_shows_how_to_write_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words that stand for user and password were covered as if they were some."""
    monkeypatch.setenv("HTTPS_PROXY", "user:pw@127.0.0.1:notaport")
    with pytest.raises(WrongSettings) as caught:
        proxy_for(HTTPS)

    assert "write HTTPS_PROXY as http://USER:PASSWORD@HOST:PORT" in caught.value.hint


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("", "http://127.0.0.1:8080/"),
        ("", "http://localhost/"),
        ("", "http://[::1]:1/"),
        ("login.example.com", HTTPS),
        (".example.com", HTTPS),
        ("example.com:443", "https://example.com:443/"),
        ("*", HTTPS),
        ("10.0.0.0/8, fd00::/8", "https://10.1.2.3/"),
        ("10.0.0.0/8, fd00::/8", "https://[fd00::1]:8443/"),
    ],
)
def test_a_host_without_a_proxy_is_reached_directly(no_proxy: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the proxy is one that could not be used, and always on this machine."""
    monkeypatch.setenv("ALL_PROXY", "socks://proxy")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for(url) is None
