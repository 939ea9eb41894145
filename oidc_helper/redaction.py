"""What a service says, less what it was sent: some repeat a token that they refuse, or headers that they verify."""

import re
from collections.abc import Iterable

_COVER = "***"
_BEGINNING = 16  # characters by which a secret is known again; an echo may be cut anywhere behind them
_SHORTEST = 6


def covered(text: str, secrets: Iterable[str | None]) -> str:
    """The text without any of the secrets, nor the later parts of a JWT by itself."""
    parts = {part for secret in secrets if secret for part in (secret, *secret.split("."))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST:
            text = re.sub(rf"{re.escape(part[:_BEGINNING])}[\w.~+/=%-]*", _COVER, text)
    return text
