"""Where the start URL of an access portal leads: `NAME.awsapps.com` redirects to a host that names the region."""

from collections.abc import Callable
from urllib.parse import urljoin

from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from oidc_helper.errors import TryAgain
from oidc_helper.machine.hosts import host_in, is_loopback
from oidc_helper.machine.http import way_to
from oidc_helper.machine.trust import trust
from oidc_helper.words import printable

_MOST_REDIRECTS = 3
_NETWORK = "check the address, the network and the proxy (HTTPS_PROXY), or name the region"


def followed(url: str, *, until: Callable[[str], object], ca_bundle: str | None, timeout_s: float) -> str:
    """Where the start URL leads, by as few redirects as it takes `until` one fits; no page is read. Raises TryAgain."""
    for _ in range(_MOST_REDIRECTS):
        if until(url) or not (url.startswith("https://") or is_loopback(url)):
            break
        way = way_to(url, trust=trust(ca_bundle) if url.startswith("https:") else None)
        timeout = Timeout(connect=timeout_s, read=timeout_s)
        try:
            answer = way.request("HEAD", url, redirect=False, retries=False, timeout=timeout)
        except HTTPError as error:
            reason = type(error).__name__.removesuffix("Error")
            raise TryAgain(f"{printable(host_in(url))} cannot be reached ({reason})", _NETWORK) from None
        target = answer.headers.get("Location")
        if not 300 <= answer.status < 400 or not target:
            break
        url = urljoin(url, target)
    return url
