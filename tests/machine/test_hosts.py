"""The host of a URL: the one that is judged is the one that is connected to."""

from urllib.parse import urlsplit

import httpx2
import pytest
from urllib3.util import parse_url

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.hosts import host_in, is_loopback
from oidc_helper.machine.http import way_to

ORDINARY = {
    "https://login.example.com": "login.example.com",
    "https://Login.Example.COM:443/x?y@z#a": "login.example.com",
    "HTTP://127.0.0.1:9/": "127.0.0.1",
    "http://[::1]:9?x": "::1",
    "http://user:pass@localhost": "localhost",
    "http://a_b-c.d/\u007e": "a_b-c.d",
}
AMBIGUOUS = [
    r"http://10.0.0.1:80\@127.0.0.1:9",
    r"http://10.0.0.1:80\@127.0.0.1:9/x",
    r"https://10.0.0.1\127.0.0.1",
    r"http:\\10.0.0.1/@127.0.0.1",
    "http://10.0.0.1@127.0.0.1@10.0.0.1",
    "http://10.0.0.1\t@127.0.0.1",
    "http://10.0.0.1\n@127.0.0.1",
    " http://127.0.0.1",
    "http://127.0.0.1 ",
    "http://127.0.0.1\x00.example.com",
    "http://127.0.0.1%00.example.com",
    "http://127。0。0。1",
    "http://ⓛocalhost",
    "http://[::1].example.com",
    "http://[::1",
    "http:///127.0.0.1",
    "http:127.0.0.1",
    "127.0.0.1:9",
    "",
]


@pytest.mark.parametrize("url", ORDINARY)
def test_all_readers_of_urls_find_the_same_host(url: str) -> None:
    """The standard library's, which judges proxies, and those of the two libraries that connect."""
    readings = {urlsplit(url).hostname, (parse_url(url).host or "").strip("[]"), httpx2.URL(url).host}

    assert {host_in(url)} == readings == {ORDINARY[url]}


@pytest.mark.parametrize("url", AMBIGUOUS)
def test_a_url_whose_host_cannot_be_told_is_never_used(url: str) -> None:
    """A token went in clear text to 10.0.0.1, which had been taken for the user's part of a URL of this machine."""
    assert host_in(url) == ""
    assert not is_loopback(url)
    with pytest.raises(WrongSettings, match="is not the address of a host"):
        way_to(url, trust=None)
