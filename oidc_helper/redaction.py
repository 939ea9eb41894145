"""Keeps secrets out of messages, traces and the text of services, some of which repeat a token that they refuse.

We learn a secret where it enters or leaves the program; text that leaves the program goes through `without_secrets`.
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
_SHORTEST = 3  # characters; shorter text is no secret, and covering it would make every message unreadable
_SHORT = 8  # characters; a shorter secret is covered only as a whole word, or the text would become unreadable
# This many characters identify a secret: a service, or our own limit of length, may cut off the rest at either end.
_BEGINNING = 16
_BLOCK = 8  # letters and digits; blocks are adjacent, so every run of `_BEGINNING` contains a whole one
_OF_TOKENS = string.ascii_letters + string.digits + "._~+/=%-" + _COVER  # a later part may be covered already
_MOST = 500  # learnt secrets: one fetch has some thirty, and a process that lives for weeks forgets the oldest
_SECRET_VARIABLE = re.compile(r"(?:TOKEN|SECRET|PASSWORD|PASSWD|JWT|ACCESS_KEY|API_KEY|PRIVATE_KEY)$", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)(?!USER:PASSWORD@)[^\s/@]+@")  # except the placeholder in our own hints
# Letters and digits of a text, plain or as URLs, JSON, Python and HTML escape them, once or more often.
_LETTERS = re.compile(
    r"(?P<plain>[A-Za-z0-9]+)"
    r"|%(?:25)*(?P<hex_of_url>[0-9A-Fa-f]{2})"
    r"|\\++(?:u(?P<hex_of_json>[0-9A-Fa-f]{4})|x(?P<hex_of_python>[0-9A-Fa-f]{2})|[nrt])?"
    r"|&(?:amp;)*(?:#(?P<decimal>[0-9]{1,7})|#[xX](?P<hex_of_html>[0-9A-Fa-f]{1,6})|amp|lt|gt|quot|apos);"
)
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

# Block -> the texts (letters and digits only) that contain it, each with the offset of the block.
_Places = dict[str, list[tuple[str, int]]]

_learnt: dict[str, None] = {}  # the oldest first


def learn(*secrets: str | None) -> None:
    """Keep these out of all text of this process from now on."""
    for secret in secrets:
        if secret and len(secret.strip()) >= _SHORTEST:
            _learnt.pop(secret, None)
            _learnt[secret] = None
    while len(_learnt) > _MOST:
        del _learnt[next(iter(_learnt))]


def learn_url(url: str) -> None:
    """Learn the user and password of a URL, which may lack its scheme, as they are written and as they are sent."""
    user, at, _ = (url.partition("://")[2] or url).rpartition("@")
    if at:
        password = user.partition(":")[2]
        learn(user, unquote(user), password, unquote(password))


def learn_environment(environment: Mapping[str, str]) -> None:
    """Learn the variables whose names say that they hold a secret, and the passwords of proxies and endpoints."""
    for name, value in environment.items():
        if _SECRET_VARIABLE.search(name) and len(value) >= _SHORT:  # a shorter value is `true`, or a name
            learn(value)
        if "://" in value or name.lower().endswith("_proxy"):
            learn_url(value)


def without_secrets(text: str) -> str:
    """The text with `***` in place of every secret that was learnt, and of every user in a URL."""
    return covered(text, _learnt)


def covered(text: str, secrets: Iterable[str | None]) -> str:
    """The text with `***` in place of each whole secret, and of each run of 16 letters and digits from a secret.

    A run may be escaped, encoded, or broken by white space and punctuation.
    """
    veil = _veil(frozenset(secret for secret in secrets if secret))
    text = _USER_IN_URL.sub(f"{_COVER}@", text)
    output, after = "", 0
    for begin, end in sorted({*_spelling_spans(text, veil), *_beginning_spans(text, veil), *_run_spans(text, veil)}):
        if begin > after or not output:
            output += text[after:begin] + _COVER
        after = max(after, end)
    return output + text[after:]


def secrets_in(value: Any, is_secret: Callable[[str], bool], name: str | None = None) -> Iterator[str]:
    """Each string in a nested value, except in members whose names `is_secret` rejects; `name` is the value's own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secrets_in(inner, is_secret, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secrets_in(inner, is_secret, name)
    elif isinstance(value, str | bytes) and value and (name is None or is_secret(name)):
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class _Veil(NamedTuple):
    """All spellings to cover, the longest first; `beginnings` matches the first characters of the longer ones.

    `blocks` are pieces of the letters and digits of all secrets; `places` says for each secret where its blocks occur.
    """

    spellings: list[str]
    beginnings: re.Pattern[str] | None
    blocks: frozenset[str]
    places: list[_Places]


@lru_cache(maxsize=2)  # a trace covers hundreds of lines with the same secrets
def _veil(secrets: frozenset[str]) -> _Veil:
    spellings = sorted({spelling for secret in secrets for spelling in _spellings(secret)}, key=len, reverse=True)
    beginnings = {re.escape(spelling[:_BEGINNING]) for spelling in spellings if len(spelling) >= _BEGINNING}
    places = [_places(secret) for secret in secrets]
    return _Veil(
        spellings,
        re.compile("|".join(beginnings)) if beginnings else None,
        frozenset().union(*places),
        places,
    )


@lru_cache(maxsize=_MOST)
def _places(secret: str) -> _Places:
    """Where blocks occur in the letters and digits of a secret: plain, in hex, and in base64, also encoded twice."""
    octets = secret.encode("utf-8", "surrogatepass")
    once = _in_base64(octets) | _in_base64(_quoted_whole(secret, "replace").encode())
    twice = {text for inner in once for text in _in_base64(inner.encode())}
    places: _Places = {}
    for letters in {_letters(text).text for text in {secret, octets.hex(), octets.hex().upper(), *once, *twice}}:
        for place in range(0, len(letters) - _BLOCK + 1, _BLOCK):
            places.setdefault(letters[place : place + _BLOCK], []).append((letters, place))
    return places


def _spellings(secret: str) -> set[str]:
    """A secret and its pieces, plain and as they look in JSON, HTML, a URL, a form, or a Python literal."""
    plain = {secret, secret.strip(), unquote_plus(secret), *_pieces(secret)} - {""}
    in_json = {json.dumps(word, ensure_ascii=ascii_only)[1:-1] for word in plain for ascii_only in (True, False)}
    in_url = {encode(word, errors="replace") for word in plain for encode in (quote, quote_plus, _quoted_whole)}
    return set().union(
        plain,
        in_json,
        in_url,
        {word.translate(_IN_HTML) for word in plain},
        {_quoted_whole(word) for word in in_url},
        {repr(word)[1:-1] for word in plain},
        {word.encode("unicode_escape").decode() for word in plain},
        {repr(word.encode("utf-8", "surrogatepass"))[2:-1] for word in plain | in_json},
    )


def _quoted_whole(word: str, errors: str = "strict") -> str:
    return quote(word, safe="", errors=errors)


def _pieces(secret: str) -> set[str]:
    """The pieces into which a service may split a secret that was put into a form without being encoded."""
    first, *others = re.split(r"[&;=?\s]+", secret.strip().rstrip("="))
    # A longer first piece is covered anyway, as the beginning of the secret.
    pieces = [first] * (len(first) < _BEGINNING) + others
    return {piece for piece in pieces if len(piece) >= _SHORT}


def _in_base64(octets: bytes) -> set[str]:
    """How base64 encodes the octets at any offset in a longer text, such as user and password."""
    encoded = set()
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        in_full = b64encode(bytes(before) + octets).decode()
        encoded.add(in_full[skipped : 8 * (before + len(octets)) // 6])
    return encoded


def _spelling_spans(text: str, veil: _Veil) -> Iterator[tuple[int, int]]:
    """Where whole spellings begin and end."""
    for spelling in veil.spellings:
        if spelling in text:
            pattern = re.escape(spelling) if len(spelling) >= _SHORT else rf"(?<!\w){re.escape(spelling)}(?!\w)"
            yield from (match.span() for match in re.finditer(pattern, text))


def _beginning_spans(text: str, veil: _Veil) -> Iterator[tuple[int, int]]:
    """Where text starts like a spelling: as far as the two agree, and on to the end of the token."""
    end = 0
    while veil.beginnings and (match := veil.beginnings.search(text, end)):
        begin, rest = match.start(), text[match.start() :]
        end = _end_of_token(text, begin + max(_common_length(spelling, rest) for spelling in veil.spellings))
        yield begin, end


class _Letters(NamedTuple):
    """The letters and digits of a text, the same in all its spellings, and where each begins and ends in the text."""

    text: str
    begins: list[int]
    ends: list[int]


def _letters(text: str) -> _Letters:
    """Leave out punctuation, white space and all that is not ASCII: spellings differ in them."""
    letters: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    for match in _LETTERS.finditer(text):
        kind, (begin, end) = match.lastgroup, match.span()
        if kind == "plain":
            letters.append(match[0])
            begins += range(begin, end)
            ends += range(begin + 1, end + 1)
        elif kind:
            number = int(match[kind], 10 if kind == "decimal" else 16)
            if number < 128 and chr(number).isalnum():
                letters.append(chr(number))
                begins.append(begin)
                ends.append(end)
    return _Letters("".join(letters), begins, ends)


def _run_spans(text: str, veil: _Veil) -> Iterator[tuple[int, int]]:
    """Where a run of letters and digits from a secret begins, and the token that it is in ends."""
    letters, place = _letters(text), 0
    while place + _BLOCK <= len(letters.text):
        block, begin, end = letters.text[place : place + _BLOCK], place, place
        if block in veil.blocks:
            occurrences = (occurrence for places in veil.places for occurrence in places.get(block, ()))
            begin, end = max((_run(letters.text, place, *occurrence) for occurrence in occurrences), key=_length)
        if begin < end:
            yield letters.begins[begin], _end_of_token(text, letters.ends[end - 1])
        place = max(end, place + 1)


def _run(text: str, place: int, secret: str, offset: int) -> tuple[int, int]:
    """Where the run that text and secret share around a block begins and ends; empty if it is too short."""
    before = _common_length(text[max(0, place - offset) : place][::-1], secret[:offset][::-1])
    behind = _common_length(text[place : place + len(secret)], secret[offset:])
    identifies = before + behind >= min(_BEGINNING, len(secret))
    return (place - before, place + behind) if identifies else (place, place)


def _end_of_token(text: str, place: int) -> int:
    return len(text) - len(text[place:].lstrip(_OF_TOKENS))


def _common_length(first: str, second: str) -> int:
    return len(os.path.commonprefix([first, second]))  # noqa: RUF071  # no paths


def _length(run: tuple[int, int]) -> int:
    return run[1] - run[0]
