"""Whether a host is this machine, for which plain http is safe and a proxy is never asked."""


def is_loopback(host: str) -> bool:
    """Whether the host of a URL is this machine, by its address or as `localhost`; no name is looked up."""
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
