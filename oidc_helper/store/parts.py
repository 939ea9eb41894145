"""Texts of any length in a vault that limits the length of an entry: a header line in one entry, parts in others.

Parts are written to the slot that is not in use and the header last, so a killed writer leaves the old text; anything
that does not add up is a miss.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

USER = "oidc-helper"  # entries differ by service name: Windows copies old secrets about where users share one

_VERSION = "1"
_SLOTS = ("A", "B")
_NO_SLOT = "-"
_USUAL_PARTS = 32  # a deletion looks for each of these, since some may be missing; beyond, it stops at the first gap


class Entries(Protocol):
    """A vault as this module needs it: texts by the name of their entry."""

    @property
    def limit(self) -> int | None:
        """The longest text in UTF-16 words, None where any length will do."""

    def get(self, entry: str) -> str | None:
        """The text, None where there is no such entry."""

    def set(self, entry: str, text: str) -> None:
        """Put or replace a text."""

    def delete(self, entry: str) -> bool:
        """Whether there was such an entry."""


def seal(text: str) -> str:
    """`text` behind a header line with its length and checksum, for a single entry."""
    return f"{_header(_NO_SLOT, 0, text)}\n{text}"


def unseal(sealed: str) -> str | None:
    """The text behind the header, or None where it does not add up."""
    header, newline, text = sealed.partition("\n")
    return text if newline and header == _header(_NO_SLOT, 0, text) else None


def get(vault: Entries, entry: str) -> str | None:
    """The text, or None; it looks twice, since a writer may have replaced the parts during the first look."""
    for _ in range(2):
        first = vault.get(entry)
        if first is None:
            return None
        text = unseal(first)
        if text is None:
            text = _joined(vault, entry, first)
        if text is not None:
            return text
    return None


def put(vault: Entries, entry: str, text: str) -> None:
    """Replace the text; until the last step a reader gets the old one."""
    sealed = seal(text)
    if vault.limit is None or _units(sealed) <= vault.limit:
        vault.set(entry, sealed)
        return
    used = _slot_in_use(vault.get(entry))
    slot = _SLOTS[1] if used == _SLOTS[0] else _SLOTS[0]
    pieces = list(_pieces(text, vault.limit))
    for number, piece in enumerate(pieces, 1):
        vault.set(_part(entry, slot, number), piece)
    vault.set(entry, _header(slot, len(pieces), text))


def delete(vault: Entries, entry: str) -> bool:
    """Whether there was such a text. Parts go from the last to the first, so that the next run finds those left."""
    deleted = vault.delete(entry)
    for slot in _SLOTS if vault.limit is not None else ():
        last = _USUAL_PARTS
        while vault.get(_part(entry, slot, last + 1)) is not None:
            last += 1
        for number in range(last, 0, -1):
            deleted = vault.delete(_part(entry, slot, number)) or deleted
    return deleted


def _joined(vault: Entries, entry: str, header: str) -> str | None:
    fields = header.split(" ")
    if len(fields) != 5 or fields[1] not in _SLOTS or not (fields[2].isdecimal() and len(fields[2]) <= 3):
        return None
    count = int(fields[2])
    pieces = []
    for number in range(1, count + 1):
        piece = vault.get(_part(entry, fields[1], number))
        if piece is None:
            return None
        pieces.append(piece)
    text = "".join(pieces)
    return text if header == _header(fields[1], count, text) else None


def _header(slot: str, count: int, text: str) -> str:
    return f"{_VERSION} {slot} {count} {len(text)} {zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def _slot_in_use(header: str | None) -> str | None:
    fields = (header or "").split(" ")
    return fields[1] if len(fields) == 5 and fields[1] in _SLOTS else None


def _part(entry: str, slot: str, number: int) -> str:
    return f"{entry}:{slot}.{number}"


def _pieces(text: str, limit: int) -> Iterator[str]:
    width = limit if text.isascii() else limit // 2  # Windows counts UTF-16 words, a character takes two at most
    for start in range(0, len(text), width):
        yield text[start : start + width]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
