"""Leading a browser of this machine to a secret address, which the arguments of its process would show to all users."""

from collections.abc import Callable

from oidc_helper.errors import OidcHelperError
from oidc_helper.sign_in.loopback import Loopback


def lead(url: str, open_browser: Callable[[str], object], *, timeout_s: float) -> None:
    """Open the browser at our own address, which redirects this user to `url`, once. Raises OidcHelperError."""
    loopback = Loopback(path="")
    try:
        loopback.serve(url)
        open_browser(loopback.start_url)
        if not loopback.has_led.wait(timeout_s):
            raise OidcHelperError(
                f"no browser opened the address within {timeout_s:g} s",
                "let it print the address, and open that yourself: add --print",
            )
    finally:
        loopback.close()
