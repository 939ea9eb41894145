"""The region of an Identity Center instance, from the address of its access portal."""

import re
from urllib.parse import urlsplit

_REGION = r"([a-z]{2,5}(?:-[a-z]+){1,3}-[0-9]{1,2})"
# The hosts to which start URLs redirect, as the AWS CLI reads them.
_HOSTS = (
    re.compile(rf"[a-z0-9-]+\.portal\.{_REGION}\.app\.aws"),
    re.compile(rf"[a-z0-9-]+\.{_REGION}\.portal\.amazonaws\.(?:com|com\.cn|eu)"),
)


def is_address(text: str) -> bool:
    """Whether the text is the address of a page, rather than an ARN or a name."""
    return re.match(r"https?://[^/\s]", text) is not None


def region_in(address: str) -> str:
    """The region that the host names; empty if only a redirect tells it (`NAME.awsapps.com/start`)."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return next((match[1] for pattern in _HOSTS if (match := pattern.fullmatch(host))), "")
