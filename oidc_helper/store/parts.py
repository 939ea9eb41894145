"""Texts in a vault that takes only so many characters an entry: a header line in one entry, parts in others at need.

Parts are written to the slot that is not in use and the header last, so a killed writer leaves the old text; what does
not add up is a miss.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

USER = "oidc-helper"  # entries differ by service name: Windows copies old secrets about where users share one

_VERSION = "1"
_SLOTS = ("A", "B")
_NO_SLOT = "-"
_USUAL_PARTS = 32  # are looked for each by itself, since one may be missing among them


class Vault(Protocol):
    """What is needed of one: texts by entry."""

    @property
    def limit(self) -> int | None:
        """The longest text in UTF-16 words, None where any will do."""

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
    """What was sealed, or None where it does not add up."""
    header, newline, text = sealed.partition("\n")
    return text if newline and header == _header(_NO_SLOT, 0, text) else None


def get(vault: Vault, entry: str) -> str | None:
    """The text, or None; a second look is taken, since a writer may have been in the way of the first."""
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


def put(vault: Vault, entry: str, text: str) -> None:
    """Replace the text; until the last step the old one is what a reader gets."""
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


def delete(vault: Vault, entry: str) -> bool:
    """Whether anything was there. Parts go from the last to the first: what a killed run leaves, the next one finds."""
    found = vault.delete(entry)
    for slot in _SLOTS if vault.limit is not None else ():
        last = _USUAL_PARTS
        while vault.get(_part(entry, slot, last + 1)) is not None:
            last += 1
        for number in range(last, 0, -1):
            found = vault.delete(_part(entry, slot, number)) or found
    return found


def _joined(vault: Vault, entry: str, header: str) -> str | None:
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
