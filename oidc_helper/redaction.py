"""Text without secrets: traces, and the words of services, some of which repeat a token that they refuse."""

import json
import os
import re
import string
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

_COVER = "***"
_SHORT = 8  # characters; a shorter secret is covered only where it stands alone, else the text would be unreadable
_BEGINNING = (
    16  # characters that identify a secret: a service, or our own limit of length, may cut it anywhere behind them
)
_OF_TOKENS = string.ascii_letters + string.digits + "._~+/=%-" + _COVER  # a later part may be covered already


def covered(text: str, secrets: Iterable[str | None]) -> str:
    """The text with `***` in place of each secret, whether whole, stripped, escaped or cut off, or part of a JWT."""
    spellings = sorted(
        {spelling for secret in secrets if secret for spelling in _spellings(secret)}, key=len, reverse=True
    )
    for spelling in spellings:
        if len(spelling) < _SHORT:
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", _COVER, text)
        else:
            text = text.replace(spelling, _COVER)
    return _without_beginnings(text, [spelling for spelling in spellings if len(spelling) >= _BEGINNING])


def secrets_in(value: Any, is_secret: Callable[[str], bool], name: str | None = None) -> Iterator[str]:
    """Each text in a nested value, except in members that `is_secret` denies; `name` is the value's own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secrets_in(inner, is_secret, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secrets_in(inner, is_secret, name)
    elif isinstance(value, str | bytes) and value and (name is None or is_secret(name)):
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _spellings(secret: str) -> set[str]:
    """A secret and the later parts of a JWT: plain, and as they look in JSON, a URL, a form or a Python literal."""
    # The first part of a JWT is its header, which all tokens of an issuer share.
    parts = {part for part in secret.split(".")[1:] if len(part) >= _BEGINNING}
    plain = {secret, secret.strip(), *parts} - {""}
    in_json = {json.dumps(word, ensure_ascii=ascii_only)[1:-1] for word in plain for ascii_only in (True, False)}
    literals = {repr(word)[1:-1] for word in plain | in_json}
    octets = {repr(word.encode("utf-8", "surrogatepass"))[2:-1] for word in plain | in_json}
    in_url = {encode(word, errors="replace") for word in plain for encode in (quote, quote_plus)}
    return plain | in_json | literals | octets | in_url


def _without_beginnings(text: str, spellings: list[str]) -> str:
    """Cover what begins as a spelling does, as far as both agree, and the rest of a token behind it."""
    if not spellings:
        return text
    beginnings = "|".join({re.escape(spelling[:_BEGINNING]) for spelling in spellings})
    before = ""
    while match := re.search(beginnings, text):
        before += text[: match.start()] + _COVER
        text = text[match.start() :]
        agreed = max(len(os.path.commonprefix([spelling, text])) for spelling in spellings)  # noqa: RUF071  # no paths
        text = text[agreed:].lstrip(_OF_TOKENS)
    return before + text
