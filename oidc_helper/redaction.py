"""Text without secrets: messages, traces, and the words of services, some of which repeat a token that they refuse.

Where a secret enters or leaves the program it is learnt; where words leave the program they go through
`without_secrets`.
"""

import json
import os
import re
import string
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_COVER = "***"
_SHORTEST = 3  # characters; less is no secret, and would take every message to pieces
_SHORT = 8  # characters; a shorter secret is covered only where it stands alone, else the text would be unreadable
# So many characters identify a secret: a service, or our own limit of length, may cut it anywhere behind them.
_BEGINNING = 16
_OF_TOKENS = string.ascii_letters + string.digits + "._~+/=%-" + _COVER  # a later part may be covered already
_MOST = 500  # learnt secrets: one fetch has some thirty, and a process that lives for weeks forgets the oldest
_SECRET_VARIABLE = re.compile(r"(?:TOKEN|SECRET|PASSWORD|PASSWD|JWT|ACCESS_KEY|API_KEY|PRIVATE_KEY)$", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^\s/@]+@")
_URL_SAFE = str.maketrans("+/", "-_")
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

_learnt: dict[str, None] = {}  # in the order of their coming


def learn(*secrets: str | None) -> None:
    """Keep these out of all words of this process from now on."""
    for secret in secrets:
        if secret and len(secret.strip()) >= _SHORTEST:
            _learnt.pop(secret, None)
            _learnt[secret] = None
    while len(_learnt) > _MOST:
        del _learnt[next(iter(_learnt))]


def learn_url(url: str) -> None:
    """Learn the user and password of a URL, as they are written and as they are sent."""
    user, at, _ = url.partition("://")[2].rpartition("@")
    if at:
        password = user.partition(":")[2]
        learn(user, unquote(user), password, unquote(password))


def learn_environment(environment: Mapping[str, str]) -> None:
    """Learn the variables whose names say that they hold a secret, and the passwords of proxies and endpoints."""
    for name, value in environment.items():
        if _SECRET_VARIABLE.search(name) and len(value) >= _SHORT:  # a shorter one is `true`, or a name
            learn(value)
        if "://" in value:
            learn_url(value)


def without_secrets(text: str) -> str:
    """The text with `***` in place of every secret that was learnt, and of every user in a URL."""
    return covered(text, _learnt)


def covered(text: str, secrets: Iterable[str | None]) -> str:
    """The text with `***` in place of each secret: whole, stripped, encoded, escaped or cut off, or a part of it."""
    veil = _veil(frozenset(secret for secret in secrets if secret))
    text = _USER_IN_URL.sub(f"{_COVER}@", text)
    for spelling in veil.spellings:
        if len(spelling) < _SHORT:
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", _COVER, text)
        else:
            text = text.replace(spelling, _COVER)
    return _without_beginnings(text, veil)


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


class _Veil(NamedTuple):
    """All that is to be covered, the longest first; `beginnings` matches how the longer ones begin."""

    spellings: list[str]
    beginnings: re.Pattern[str] | None


@lru_cache(maxsize=2)  # a trace covers hundreds of lines with the same secrets
def _veil(secrets: frozenset[str]) -> _Veil:
    spellings = sorted({spelling for secret in secrets for spelling in _spellings(secret)}, key=len, reverse=True)
    beginnings = {re.escape(spelling[:_BEGINNING]) for spelling in spellings if len(spelling) >= _BEGINNING}
    return _Veil(spellings, re.compile("|".join(beginnings)) if beginnings else None)


def _spellings(secret: str) -> set[str]:
    """A secret and its parts, plain and as they look in JSON, HTML, a URL, a form, a Python literal, base64 or hex."""
    plain = {secret, secret.strip(), unquote_plus(secret), *_parts(secret)} - {""}
    octets = {word: word.encode("utf-8", "surrogatepass") for word in plain}
    in_json = {json.dumps(word, ensure_ascii=ascii_only)[1:-1] for word in plain for ascii_only in (True, False)}
    in_url = {encode(word, errors="replace") for word in plain for encode in (quote, quote_plus, _quoted_whole)}
    return set().union(
        plain,
        in_json,
        {word.replace("/", "\\/") for word in in_json},
        {word.translate(_IN_HTML) for word in plain},
        {repr(word)[1:-1] for word in plain | in_json},
        {word.encode("unicode_escape").decode() for word in plain},
        {repr(word.encode("utf-8", "surrogatepass"))[2:-1] for word in plain | in_json},
        in_url,
        {re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), word) for word in in_url},
        {_quoted_whole(word) for word in in_url},
        *(_in_base64(word) for word in octets.values() if len(word) >= _SHORT),
        *({word.hex(), word.hex().upper()} for word in octets.values() if len(word) >= _SHORT),
    )


def _quoted_whole(word: str, errors: str = "strict") -> str:
    return quote(word, safe="", errors=errors)


def _parts(secret: str) -> set[str]:
    """What a service may take for the secret: a later part of a JWT, or a piece of a form that was not encoded."""
    of_jwt = (part for part in secret.split(".")[1:] if len(part) >= _BEGINNING)  # all of an issuer begin alike
    first, *others = re.split(r"[&;=?\s]+", secret.strip().rstrip("="))
    # A longer first piece is a beginning of the secret, and covered as such.
    pieces = [first] * (len(first) < _BEGINNING) + others
    return {*of_jwt, *(piece for piece in pieces if len(piece) >= _SHORT)}


def _in_base64(octets: bytes) -> set[str]:
    """What base64 makes of the octets wherever they stand in a longer text, such as user and password."""
    encoded = set()
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        at_the_end = b64encode(bytes(before) + octets).decode().rstrip("=")[skipped:]
        before_others = at_the_end[: 8 * (before + len(octets)) // 6 - skipped]
        encoded |= {at_the_end, before_others}
    return encoded | {text.translate(_URL_SAFE) for text in encoded}


def _without_beginnings(text: str, veil: _Veil) -> str:
    """Cover what begins as a spelling does, as far as both agree, and the rest of a token behind it."""
    before = ""
    while veil.beginnings and (match := veil.beginnings.search(text)):
        before += text[: match.start()] + _COVER
        text = text[match.start() :]
        agreed = max(len(os.path.commonprefix([spelling, text])) for spelling in veil.spellings)  # noqa: RUF071  # no paths
        text = text[agreed:].lstrip(_OF_TOKENS)
    return before + text
