"""Where the start URL of an access portal leads: `NAME.awsapps.com` redirects to a host that names the region."""

from collections.abc import Callable
from urllib.parse import urljoin

from oidc_helper.errors import TryAgain
from oidc_helper.machine import requests
from oidc_helper.machine.hosts import is_loopback

_MOST_REDIRECTS = 3


def followed(url: str, *, until: Callable[[str], object], ca_bundle: str | None, timeout_s: float) -> str:
    """The URL to which the start URL redirects: the first that `until` accepts, else the last. Raises TryAgain.

    Reads no page.
    """
    for _ in range(_MOST_REDIRECTS):
        if until(url) or not (url.startswith("https://") or is_loopback(url)):
            break
        try:
            answer = requests.head(url, timeout_s=timeout_s, ca_bundle=ca_bundle)
        except TryAgain as error:
            raise TryAgain(error.message, f"{error.hint}, or name the region") from None
        target = answer.headers.get("Location")
        if not 300 <= answer.status < 400 or not target:
            break
        url = urljoin(url, target)
    return url
