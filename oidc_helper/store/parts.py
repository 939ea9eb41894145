"""Texts of any length in a vault that limits the length of an entry: a header in one entry, parts in others.

An entry is one line of ASCII, since some vaults keep the first line only. We write parts to the slot that is not in use
and the header last, so a killed writer leaves the old text; anything that does not add up is a miss.
"""

import codecs
import zlib
from typing import Protocol

USER = "oidc-helper"  # entries differ by service name: on Windows, keyring copies old secrets if users share one

_VERSION = "1"
_SLOTS = ("A", "B")
_NO_SLOT = "-"
_FIELDS = 5  # of a header
_USUAL_PARTS = 32  # a deletion looks for each of these, since some may be missing; beyond them it stops at a gap


class Entries(Protocol):
    """The part of a vault that this module needs: texts by the name of their entry."""

    @property
    def limit(self) -> int | None:
        """The longest text in UTF-16 words, None if any length will do."""

    def get(self, entry: str) -> str | None:
        """The text, None if there is no such entry."""

    def set(self, entry: str, text: str) -> None:
        """Put or replace a text."""

    def delete(self, entry: str) -> bool:
        """Delete an entry, and say whether there was one."""


def seal(text: str) -> str:
    """`text` as one line, after a header with its length and checksum, for a single entry."""
    return _sealed(_line(text))


def unseal(sealed: str) -> str | None:
    """The text after the header, or None if it does not add up."""
    header, colon, line = sealed.partition(":")
    return _text(line) if colon and header == _header(_NO_SLOT, 0, line) else None


def get(vault: Entries, entry: str) -> str | None:
    """The text, or None; tries twice, since a writer may have replaced the parts during the first attempt."""
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
    line = _line(text)
    sealed = _sealed(line)
    if vault.limit is None or len(sealed) <= vault.limit:
        vault.set(entry, sealed)
        return
    used = _slot_in_use(vault.get(entry))
    slot = _SLOTS[1] if used == _SLOTS[0] else _SLOTS[0]
    pieces = [line[start : start + vault.limit] for start in range(0, len(line), vault.limit)]
    for number, piece in enumerate(pieces, 1):
        vault.set(_part(entry, slot, number), piece)
    vault.set(entry, _header(slot, len(pieces), line))


def delete(vault: Entries, entry: str) -> bool:
    """Delete a text, and say whether there was one; the last part goes first, so that the next run finds the rest."""
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
    if len(fields) != _FIELDS or fields[1] not in _SLOTS or not (fields[2].isdecimal() and len(fields[2]) <= 3):
        return None
    count = int(fields[2])
    pieces = []
    for number in range(1, count + 1):
        piece = vault.get(_part(entry, fields[1], number))
        if piece is None:
            return None
        pieces.append(piece)
    line = "".join(pieces)
    return _text(line) if header == _header(fields[1], count, line) else None


def _sealed(line: str) -> str:
    return f"{_header(_NO_SLOT, 0, line)}:{line}"


def _header(slot: str, count: int, line: str) -> str:
    return f"{_VERSION} {slot} {count} {len(line)} {zlib.crc32(line.encode('utf-8', 'surrogatepass')):08x}"


def _line(text: str) -> str:
    line = codecs.unicode_escape_encode(text)[0].decode()
    return line[:-1] + r"\x20" if line.endswith(" ") else line  # some vaults strip spaces off the end


def _text(line: str) -> str:
    return codecs.unicode_escape_decode(line.encode())[0]


def _slot_in_use(header: str | None) -> str | None:
    fields = (header or "").split(" ")
    return fields[1] if len(fields) == _FIELDS and fields[1] in _SLOTS else None


def _part(entry: str, slot: str, number: int) -> str:
    return f"{entry}:{slot}.{number}"
