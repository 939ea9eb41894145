"""Leading a browser of this machine to an address that nobody else may read in the arguments of its process."""

from collections.abc import Callable

from oidc_helper.errors import OidcHelperError
from oidc_helper.sign_in.loopback import Loopback


def lead(url: str, open_browser: Callable[[str], object], *, timeout_s: float) -> None:
    """Open the browser at an address of ours, which leads this user to `url`, once. Raises OidcHelperError."""
    loopback = Loopback(path="")
    try:
        loopback.serve(url)
        open_browser(loopback.start_url)
        if not loopback.has_led.wait(timeout_s):
            raise OidcHelperError(
                f"no browser has come for the address in {timeout_s:g} s",
                "let it print the address, and open that yourself: add --print",
            )
    finally:
        loopback.close()
