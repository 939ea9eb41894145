"""Keeps records: short-lived credentials in the kernel keyring, tokens in the vault, or in the other if one refuses."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from oidc_helper import kernel, names
from oidc_helper.errors import StoreUnusable
from oidc_helper.machine import lock
from oidc_helper.machine.lock import Lock
from oidc_helper.store import backends, choice, in_kernel, index, notes, parts
from oidc_helper.store.index import Detail, Entry
from oidc_helper.store.kinds import CREDENTIALS, SIGN_IN, TOKENS
from oidc_helper.store.ledger import Ledger
from oidc_helper.store.places import KERNEL, name_of
from oidc_helper.store.vault import SILENCE_S, Vault
from oidc_helper.words import printable

_NO_VAULT = "there is no keyring in this session"
_KERNEL_KEYRING = f"{name_of(KERNEL)} (until the next boot)"


class Store(Ledger):
    """The records of the configuration in force, and the notes beside them.

    `now` returns epoch seconds. We give up a call of the vault after `vault_timeout_s`; `prompts` lets the vault ask a
    person to unlock it. `signs_in` says that a person is here to sign in, so tokens out of reach count as missing;
    `login` is the command to sign in. `unkept` has the records that earlier stores of this process could not keep.
    `find_vault` is `choice.find`, or a stand-in in tests.
    """

    def __init__(  # noqa: PLR0913 - the clock, the vault, and the person who signs in
        self,
        *,
        now: Callable[[], float] = time.time,
        vault_timeout_s: float = 15,
        prompts: bool = False,
        signs_in: bool = False,
        login: str = "oidc-helper login",
        find_vault: Callable[..., Vault | None] = choice.find,
        unkept: "UnkeptRecords | None" = None,
    ) -> None:
        super().__init__(now)
        self._signs_in = signs_in
        self._login = login
        self._find_vault = partial(find_vault, timeout_s=vault_timeout_s, prompts=prompts)
        self._vaults: list[Vault | None] = []  # after the search, the vault, or None if there is none
        self._trouble: tuple[float, StoreUnusable] | None = None
        self._unkept: UnkeptRecords = {} if unkept is None else unkept  # it serves this process, and is lost with it

    def get(self, kind: str, name: str) -> str | None:
        """The record's text; None if there is none, or its parts do not add up.

        `record.parse` tells whether credentials are intact. Raises StoreUnusable if the record may lie in a vault that
        is locked, does not answer or is not this session's.
        """
        entry = names.entry_name(kind, name)
        if record := self._unkept.get(entry):
            return record.text
        try:
            return self._read(kind, entry)
        except StoreUnusable:
            if self._signs_in and kind != CREDENTIALS:
                return None
            raise

    def put(
        self, kind: str, name: str, text: str, *, expires_at: int | None, details: Mapping[str, Detail] | None = None
    ) -> str:
        """Keep `text` in place of any former one, and return the place (an id of `places`).

        It is of no use from `expires_at` on (epoch seconds). Credentials must be the text of `record.compose`.
        `details` are for status and hold no secret. If the usual place refuses, the other one takes the record. Raises
        StoreUnusable if both do: former tokens are then still there, former credentials are not, and this process
        keeps the text for itself.
        """
        entry = names.entry_name(kind, name)
        note = Entry(kind, name, names.configuration(), "", expires_at, int(self._now()), dict(details or {}))
        ways = (in_kernel.require_place, self._vault_place)
        former_notes: list[Entry | None] = []  # the note before each attempt
        problems = []
        for require_place in ways if kind == CREDENTIALS else reversed(ways):
            try:
                attempt = replace(note, place=require_place())
                former_notes.append(notes.write(entry, attempt))
                self._write(entry, text, attempt)
            except StoreUnusable as problem:
                problems.append(problem)
            else:
                self._forget_elsewhere(entry, attempt.place, former_notes[-1])
                self._unkept.pop(entry, None)
                return attempt.place
        reason = "; ".join(sorted(problem.message for problem in problems))
        notes.change(
            entry,
            lambda attempt: notes.after_failure(former_notes[0], attempt) if former_notes else attempt,
            why_unkept=reason,
        )
        if kind == CREDENTIALS:  # older keys must not be served after newer ones
            with suppress(StoreUnusable):
                self._forget(entry, why_unkept=reason)
        self._unkept[entry] = Unkept(text, reason)
        raise StoreUnusable(
            f"cannot keep the {kind} of {_for_people(kind, name)}: {reason}", problems[0].hint or problems[1].hint
        )

    def delete(self, kind: str, name: str) -> bool:
        """Delete a record from all places, with the pieces that a killed process left, and say whether there was one.

        Raises StoreUnusable if a vault that may hold it cannot be reached.
        """
        entry = names.entry_name(kind, name)
        was_unkept = self._unkept.pop(entry, None) is not None
        deleted = self._forget(entry)
        self.tidy()
        return deleted or was_unkept

    def tidy(self) -> None:
        """Remove the files that killed processes left beside the index, as far as possible."""
        with suppress(StoreUnusable):
            index.tidy()

    def exists(self, kind: str, name: str) -> bool:
        """Whether a record is there, as far as is known without opening a secret or asking the vault."""
        entry = names.entry_name(kind, name)
        if kernel.exists(entry):
            return True
        note = notes.of(entry)
        return bool(note and note.place != KERNEL and (note.expires_at or math.inf) > self._now())

    def entries(self) -> list[Entry]:
        """The records of this configuration, without those that the kernel has dropped since; opens no secret."""
        return [
            note
            for note in notes.of_configuration()
            if _has_vaults(note) or kernel.exists(names.entry_name(note.kind, note.name))
        ]

    def names(self) -> list[tuple[str, str]]:
        """Kind and name of every record that may be kept for this configuration.

        The kernel keyring can be listed, and has the records that were kept while the index could not be written.
        """
        records = {(note.kind, note.name) for note in notes.of_configuration()}
        with suppress(OSError):
            records.update(record for entry in kernel.names() if (record := names.kind_and_name(entry)))
        return sorted((kind, name) for kind, name in records if kind in (CREDENTIALS, TOKENS, SIGN_IN))

    def lies_in(self, kind: str, name: str) -> str:
        """The name for people of the place where a record lies; empty if no place is known."""
        entry = names.entry_name(kind, name)
        if entry in self._unkept:
            return ""
        if kernel.exists(entry):
            return _KERNEL_KEYRING
        note = notes.of(entry)
        return name_of(note.place) if note and note.place != KERNEL else ""

    def why_unkept(self, kind: str, name: str) -> str:
        """The reason why the latest text of a record could not be kept; empty if it was kept."""
        entry = names.entry_name(kind, name)
        record = self._unkept.get(entry)
        return record.reason if record else index.read().unkept.get(entry, "")

    def where(self, kind: str) -> str:
        """The name for people of the place that a record of this kind would go to now; never raises."""
        kernel_keyring = _KERNEL_KEYRING if kernel.available() else ""
        if kind == CREDENTIALS and kernel_keyring:
            return kernel_keyring
        try:
            vault = self._vault()
        except StoreUnusable as problem:
            return f"nowhere: {problem.message}"
        return vault.name if vault else kernel_keyring or f"nowhere: {_NO_VAULT}"

    def acquire(self, name: str, *, timeout_s: float, purpose: str) -> Lock | None:
        """`lock.acquire` for a name of this configuration."""
        return lock.acquire(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def hold(self, name: str, *, timeout_s: float, purpose: str) -> Lock:
        """`lock.hold` for a name of this configuration."""
        return lock.hold(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def holder(self, name: str) -> str:
        """`lock.holder` for a name of this configuration."""
        return lock.holder(names.entry_name("lock", name))

    def _read(self, kind: str, entry: str) -> str | None:
        note = notes.of(entry)
        if kind == CREDENTIALS or (note and note.place == KERNEL):
            text = in_kernel.get(kind, entry)
            # We do not ask the vault at every miss: that takes 20 ms, or 150 ms with a less common keyring.
            if text is None and (kind != CREDENTIALS or _has_vaults(note) or not kernel.available()):
                text = self._from_vault(entry)
        else:
            try:
                text = self._from_vault(entry)
            except StoreUnusable:
                text = in_kernel.get(kind, entry)
                if text is None:
                    raise
            text = text if text is not None else in_kernel.get(kind, entry)
        if text is None and kind != CREDENTIALS and note and (note.expires_at or math.inf) > self._now():
            self._require_reach(note)
        return text

    def _out_of_reach(self, kind: str, name: str, place: str) -> StoreUnusable:
        keeps_here = kernel.available() or self._vault() is not None
        return StoreUnusable(
            f"the {kind} of {_for_people(kind, name)} may lie in {name_of(place)}, which this session does not use",
            backends.hint_of(place, f", or sign in for this one with {self._login}" if keeps_here else ""),
        )

    def _require_reach(self, note: Entry) -> None:
        """Raise StoreUnusable if a record may lie in another vault than this session's."""
        vault = self._vault()
        for place in note.vaults():
            if vault is None or place != vault.place:
                raise self._out_of_reach(note.kind, note.name, place)

    def _vault(self) -> Vault | None:
        """The vault; we search for it once, and after a failure the calls of a fetch do not each search again."""
        if self._trouble and time.monotonic() < self._trouble[0]:
            raise StoreUnusable(self._trouble[1].message, self._trouble[1].hint)
        if not self._vaults:
            try:
                self._vaults.append(self._find_vault())
            except StoreUnusable as problem:
                self._trouble = (time.monotonic() + SILENCE_S, problem)
                raise
        return self._vaults[0]

    def _vault_place(self) -> str:
        """Raises StoreUnusable if there is no vault, or nothing can be put there."""
        vault = self._vault()
        if vault is None:
            raise StoreUnusable(_NO_VAULT, in_kernel.REMEDY)
        vault.require_open()
        return vault.place

    def _write(self, entry: str, text: str, note: Entry) -> None:
        vault = None if note.place == KERNEL else self._vault()
        if vault:
            parts.put(vault, entry, text)
        else:
            left_s = 0 if note.expires_at is None else max(1, math.ceil(note.expires_at - self._now()))
            in_kernel.put(note.kind, entry, text, left_s=left_s)

    def _forget(self, entry: str, *, why_unkept: str = "") -> bool:
        """Forget a record, and say whether it was kept anywhere; `why_unkept` is why no place took a newer text."""
        note = notes.of(entry)
        deleted = in_kernel.delete(entry)
        if note is None or _has_vaults(note):
            deleted = self._forget_in_vault(entry, note) or deleted
        if note is not None:
            notes.change(entry, lambda _: None, why_unkept=why_unkept)
        return deleted

    def _forget_elsewhere(self, entry: str, place: str, former: Entry | None) -> None:
        """Forget the former text if it lies in another place than the new one; a vault may be out of reach."""
        if place != KERNEL:
            in_kernel.delete(entry)
        elif _has_vaults(former):
            with suppress(StoreUnusable):
                self._forget_in_vault(entry, former)
                notes.change(entry, notes.without_former_places)

    def _from_vault(self, entry: str) -> str | None:
        vault = self._vault()
        return parts.get(vault, entry) if vault else None

    def _forget_in_vault(self, entry: str, note: Entry | None) -> bool:
        """Forget it in this session's vault, and say whether it was there. Raises as `_require_reach` does."""
        vault = self._vault()
        deleted = parts.delete(vault, entry) if vault else False
        if note:
            if vault and any(place != vault.place for place in note.vaults()):
                notes.change(entry, partial(notes.without_vault, vault.place))
            self._require_reach(note)
        return deleted


class Unkept(NamedTuple):
    """The text of a record that no place took, and why."""

    text: str
    reason: str


UnkeptRecords = dict[str, Unkept]
"""By entry, the records that only this process has."""


def _has_vaults(note: Entry | None) -> bool:
    return bool(note and note.vaults())


def _for_people(kind: str, name: str) -> str:
    """The name of a record; tokens are named by their identity alone: the application's ARN would say no more."""
    return printable(name.partition("+arn:")[0] if kind == TOKENS else name)
