"""The host that a URL leads to, and whether it is this machine.

To this machine, plain http is safe and no proxy is ever used.
"""

import re

# The authority of RFC 3986 without its rarities, so that the libraries that check a URL and those that connect read the
# same host. In `http://a\@b/`, one library reads the host a and another b.
_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[^\s/?#@\\]*@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]*)?(?:[/?#][!-~]*)?",
    re.ASCII | re.IGNORECASE,
)

EMULATOR_PORT = 7420
"""The port at which the files of `oidc-helper emulator --write` expect the emulator."""


def host_in(url: str) -> str:
    """The host in lower case, without brackets; empty if two libraries might read different hosts."""
    match = _URL.fullmatch(url)
    return match[1].strip("[]").lower() if match else ""


def is_loopback(url: str) -> bool:
    """Whether the host of the URL is this machine, by its address or as `localhost`; looks up no name."""
    import ipaddress

    host = host_in(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def nothing_listens(host: str, setting: str) -> str:
    """The hint for a refused connection to a host and port of this machine; empty for any other host.

    `setting` is the setting that names the host.
    """
    if not is_loopback(f"http://{host}"):
        return ""
    if host.endswith(f":{EMULATOR_PORT}"):
        return "nothing listens there until you start the emulator: oidc-helper emulator --write DIRECTORY"
    return f"nothing listens there: check {setting}, or start that server"
