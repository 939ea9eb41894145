"""The note of each record in the index: which places may hold it, or a former text of it.

The note is written before the record: a killed process leaves a name without a secret, never a secret without a name.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from oidc_helper import names
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import index
from oidc_helper.store.index import Entry, Index, without
from oidc_helper.store.places import KERNEL

log = logging.getLogger("oidc_helper.store.notes")


def of(entry: str) -> Entry | None:
    """The note of one record."""
    return index.read().entries.get(entry)


def of_configuration() -> list[Entry]:
    """The notes of all records of the configuration in force."""
    try:
        config = names.configuration()
    except FileNotFoundError:  # a user without a home has no configuration, and no records
        return []
    return [note for _, note in sorted(index.read().entries.items()) if note.config == config]


def write(entry: str, note: Entry) -> Entry | None:
    """Note a record, with the places that may hold a former text of it, and return the former note."""

    def with_former_places(former: Entry | None) -> Entry:
        places = former.vaults() if former else ()
        return replace(note, former_places=tuple(place for place in dict.fromkeys(places) if place != note.place))

    return change(entry, with_former_places)


def change(entry: str, edit: Callable[[Entry | None], Entry | None], *, why_unkept: str = "") -> Entry | None:
    """Change or drop a note and return the former one; failing to write the index is a warning.

    `why_unkept` is the reason why no place took the latest text; empty if one took it.
    """
    former = None

    def update(before: Index) -> Index:
        nonlocal former
        former = before.entries.get(entry)
        after = edit(former)
        others, reasons = without(before.entries, entry), without(before.unkept, entry)
        return replace(
            before,
            entries=others if after is None else {**others, entry: after},
            unkept={**reasons, entry: why_unkept} if why_unkept else reasons,
        )

    try:
        index.update(update)
    except StoreUnusable as problem:
        log.warning("%s", problem.message)
        return of(entry)
    return former


def after_failure(former: Entry | None, attempt: Entry | None) -> Entry | None:
    """The former note, with the vaults of a failed attempt: a vault may have stored a part of the new text."""
    if attempt is None or attempt == former:
        return former
    note = former or (replace(attempt, expires_at=0) if attempt.vaults() else None)
    return note and replace(note, former_places=tuple(place for place in attempt.vaults() if place != note.place))


def without_vault(place: str, note: Entry | None) -> Entry | None:
    """The note without one vault; the others are out of reach now, so another session must delete the text there."""
    if note is None:
        return None
    first, *others = [other for other in (note.place, *note.former_places) if other != place]
    return replace(note, place=first, former_places=tuple(others))


def without_former_places(note: Entry | None) -> Entry | None:
    """The note of a record that lies in the kernel keyring alone."""
    return replace(note, former_places=()) if note and note.place == KERNEL else note
