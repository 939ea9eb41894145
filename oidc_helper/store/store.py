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
from oidc_helper.store import backends, choice, in_kernel, index, notes, parts, vault
from oidc_helper.store.index import Detail, Entry
from oidc_helper.store.kinds import CREDENTIALS, SIGN_IN, TOKENS
from oidc_helper.store.ledger import Ledger
from oidc_helper.store.places import KERNEL, name_of
from oidc_helper.words import printable

_NO_VAULT = "there is no keyring in this session"
_KERNEL_KEYRING = f"{name_of(KERNEL)} (until the next boot)"


class Store(Ledger):
    """The records of the configuration in force, and the notes beside them.

    `now` tells epoch seconds. A call of the vault is given up after `vault_timeout_s`; `prompts` lets it ask a person
    to unlock it. `anew` counts tokens out of reach as none, for a person who signs in again, with the command `login`.
    `in_hand` is what earlier stores of this process could keep nowhere. `find_vault` is `choice.find`, or a stand-in in
    tests.
    """

    def __init__(  # noqa: PLR0913 - the clock, the vault, and the person who signs in
        self,
        *,
        now: Callable[[], float] = time.time,
        vault_timeout_s: float = 15,
        prompts: bool = False,
        anew: bool = False,
        login: str = "oidc-helper login",
        find_vault: Callable[..., vault.Vault | None] = choice.find,
        in_hand: "InHand | None" = None,
    ) -> None:
        super().__init__(now)
        self._anew = anew
        self._login = login
        self._find_vault = partial(find_vault, timeout_s=vault_timeout_s, prompts=prompts)
        self._vaults: list[vault.Vault | None] = []  # the one there is, or None, once it was looked for
        self._trouble: tuple[float, StoreUnusable] | None = None
        self._in_hand: InHand = {} if in_hand is None else in_hand  # it serves this process, and is lost with it

    def get(self, kind: str, name: str) -> str | None:
        """The record's text; None where there is none, or its parts do not add up.

        Whether credentials are intact is for `record.parse` to tell. Raises StoreUnusable where the record may lie in a
        vault that is locked, does not answer or is not this session's.
        """
        entry = names.entry_name(kind, name)
        if unkept := self._in_hand.get(entry):
            return unkept.text
        try:
            return self._kept(kind, entry)
        except StoreUnusable:
            if self._anew and kind != CREDENTIALS:
                return None
            raise

    def put(
        self, kind: str, name: str, text: str, *, expires_at: int | None, details: Mapping[str, Detail] | None = None
    ) -> str:
        """Keep `text` in place of any former one, and return the place (an id of `places`).

        It is of no use from `expires_at` on (epoch seconds). Credentials must be the text of `record.compose`.
        `details` are for status and hold no secret. Where the fitting place refuses, the other one takes the record.
        Raises StoreUnusable where both do: former tokens are still there, former credentials are not, and this process
        has the text in hand.
        """
        entry = names.entry_name(kind, name)
        noted = Entry(kind, name, names.configuration(), "", expires_at, int(self._now()), dict(details or {}))
        ways = (in_kernel.require_place, self._vault_place)
        formers: list[Entry | None] = []  # as they were before each attempt
        problems = []
        for require_place in ways if kind == CREDENTIALS else reversed(ways):
            try:
                attempt = replace(noted, place=require_place())
                formers.append(notes.write(entry, attempt))
                self._write(entry, text, attempt)
            except StoreUnusable as problem:
                problems.append(problem)
            else:
                self._forget_elsewhere(entry, attempt.place, formers[-1])
                self._in_hand.pop(entry, None)
                return attempt.place
        reason = "; ".join(sorted(problem.message for problem in problems))
        notes.change(
            entry, lambda attempt: notes.taken_back(formers[0], attempt) if formers else attempt, unkept=reason
        )
        if kind == CREDENTIALS:  # older keys must not be served after newer ones
            with suppress(StoreUnusable):
                self._forget(entry, unkept=reason)
        self._in_hand[entry] = Unkept(text, reason)
        raise StoreUnusable(
            f"cannot keep the {kind} of {_for_people(kind, name)}: {reason}", problems[0].hint or problems[1].hint
        )

    def delete(self, kind: str, name: str) -> bool:
        """Whether there was such a record; none is left in any place, nor pieces that a killed process left.

        Raises StoreUnusable where a vault that may hold it cannot be reached.
        """
        entry = names.entry_name(kind, name)
        was_in_hand = self._in_hand.pop(entry, None) is not None
        deleted = self._forget(entry)
        self.tidy()
        return deleted or was_in_hand

    def tidy(self) -> None:
        """Remove the files that killed processes left beside the index, as far as that can be done."""
        with suppress(StoreUnusable):
            index.tidy()

    def exists(self, kind: str, name: str) -> bool:
        """Whether a record is there, as far as is known without opening a secret or asking the vault."""
        entry = names.entry_name(kind, name)
        if kernel.exists(entry):
            return True
        noted = notes.of(entry)
        return bool(noted and noted.place != KERNEL and (noted.expires_at or math.inf) > self._now())

    def entries(self) -> list[Entry]:
        """The records of this configuration, less those that the kernel has forgotten meanwhile; opens no secret."""
        return [
            noted
            for noted in notes.of_configuration()
            if _has_vaults(noted) or kernel.exists(names.entry_name(noted.kind, noted.name))
        ]

    def names(self) -> list[tuple[str, str]]:
        """Kind and name of every record that may be kept for this configuration.

        The kernel keyring, which can be listed, names those that were kept while the index could not be written.
        """
        kept = {(noted.kind, noted.name) for noted in notes.of_configuration()}
        with suppress(OSError):
            kept.update(record for entry in kernel.names() if (record := names.kind_and_name(entry)))
        return sorted((kind, name) for kind, name in kept if kind in (CREDENTIALS, TOKENS, SIGN_IN))

    def lies_in(self, kind: str, name: str) -> str:
        """Name, for people, the place where a record lies; empty where it lies nowhere, as far as is known."""
        entry = names.entry_name(kind, name)
        if entry in self._in_hand:
            return ""
        if kernel.exists(entry):
            return _KERNEL_KEYRING
        noted = notes.of(entry)
        return name_of(noted.place) if noted and noted.place != KERNEL else ""

    def why_unkept(self, kind: str, name: str) -> str:
        """The reason why the latest text of a record was kept nowhere; empty where it was kept."""
        entry = names.entry_name(kind, name)
        unkept = self._in_hand.get(entry)
        return unkept.reason if unkept else index.read().unkept.get(entry, "")

    def where(self, kind: str) -> str:
        """Name, for people, the place that a record of this kind goes to now; never raises."""
        kernel_keyring = _KERNEL_KEYRING if kernel.available() else ""
        if kind == CREDENTIALS and kernel_keyring:
            return kernel_keyring
        try:
            own = self._vault()
        except StoreUnusable as problem:
            return f"nowhere: {problem.message}"
        return own.name if own else kernel_keyring or f"nowhere: {_NO_VAULT}"

    def acquire(self, name: str, *, timeout_s: float, purpose: str) -> Lock | None:
        """`lock.acquire` for a name of this configuration."""
        return lock.acquire(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def hold(self, name: str, *, timeout_s: float, purpose: str) -> Lock:
        """`lock.hold` for a name of this configuration."""
        return lock.hold(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def holder(self, name: str) -> str:
        """`lock.holder` for a name of this configuration."""
        return lock.holder(names.entry_name("lock", name))

    def _kept(self, kind: str, entry: str) -> str | None:
        noted = notes.of(entry)
        if kind == CREDENTIALS or (noted and noted.place == KERNEL):
            text = in_kernel.get(kind, entry)
            # The vault is not asked at every miss: that takes 20 ms, or 150 ms with a less common keyring.
            if text is None and (kind != CREDENTIALS or _has_vaults(noted) or not kernel.available()):
                text = self._from_vault(entry)
        else:
            try:
                text = self._from_vault(entry)
            except StoreUnusable:
                text = in_kernel.get(kind, entry)
                if text is None:
                    raise
            text = text if text is not None else in_kernel.get(kind, entry)
        if text is None and kind != CREDENTIALS and noted and (noted.expires_at or math.inf) > self._now():
            self._require_reach(noted)
        return text

    def _out_of_reach(self, kind: str, name: str, place: str) -> StoreUnusable:
        keeps_here = kernel.available() or self._vault() is not None
        return StoreUnusable(
            f"the {kind} of {_for_people(kind, name)} may lie in {name_of(place)}, which this session does not use",
            backends.hint_of(place, f", or sign in for this one with {self._login}" if keeps_here else ""),
        )

    def _require_reach(self, noted: Entry) -> None:
        """Raise StoreUnusable where a record may lie in another vault than this session's."""
        own = self._vault()
        for place in noted.vaults():
            if own is None or place != own.place:
                raise self._out_of_reach(noted.kind, noted.name, place)

    def _vault(self) -> vault.Vault | None:
        """The vault, looked for once; a failure to find it is not repeated by every call of a fetch."""
        if self._trouble and time.monotonic() < self._trouble[0]:
            raise StoreUnusable(self._trouble[1].message, self._trouble[1].hint)
        if not self._vaults:
            try:
                self._vaults.append(self._find_vault())
            except StoreUnusable as problem:
                self._trouble = (time.monotonic() + vault.SILENCE_S, problem)
                raise
        return self._vaults[0]

    def _vault_place(self) -> str:
        """Raises StoreUnusable where there is no vault, or nothing can be put there."""
        own = self._vault()
        if own is None:
            raise StoreUnusable(_NO_VAULT, in_kernel.REMEDY)
        own.require_open()
        return own.place

    def _write(self, entry: str, text: str, noted: Entry) -> None:
        own = None if noted.place == KERNEL else self._vault()
        if own:
            parts.put(own, entry, text)
        else:
            left_s = 0 if noted.expires_at is None else max(1, math.ceil(noted.expires_at - self._now()))
            in_kernel.put(noted.kind, entry, text, left_s=left_s)

    def _forget(self, entry: str, *, unkept: str = "") -> bool:
        """Whether it was kept anywhere; `unkept` is why no place took a newer text of it."""
        noted = notes.of(entry)
        deleted = in_kernel.delete(entry)
        if noted is None or _has_vaults(noted):
            deleted = self._forget_in_vault(entry, noted) or deleted
        if noted is not None:
            notes.change(entry, lambda _: None, unkept=unkept)
        return deleted

    def _forget_elsewhere(self, entry: str, place: str, former: Entry | None) -> None:
        """Forget the former text where it does not lie in the place of the new one; a vault may be out of reach."""
        if place != KERNEL:
            in_kernel.delete(entry)
        elif _has_vaults(former):
            with suppress(StoreUnusable):
                self._forget_in_vault(entry, former)
                notes.change(entry, notes.without_former_places)

    def _from_vault(self, entry: str) -> str | None:
        own = self._vault()
        return parts.get(own, entry) if own else None

    def _forget_in_vault(self, entry: str, noted: Entry | None) -> bool:
        """Whether it was there. Raises StoreUnusable where another vault than this session's may hold it too."""
        own = self._vault()
        deleted = parts.delete(own, entry) if own else False
        elsewhere = [place for place in (noted.vaults() if noted else ()) if not own or place != own.place]
        if elsewhere:
            if own:
                notes.change(entry, partial(notes.without_vault, own.place))
            raise (
                self._out_of_reach(noted.kind, noted.name, elsewhere[0])
                if noted
                else StoreUnusable(_NO_VAULT, in_kernel.REMEDY)
            )
        return deleted


class Unkept(NamedTuple):
    """The text of a record that no place took, and why."""

    text: str
    reason: str


InHand = dict[str, Unkept]
"""By entry, what serves this process alone."""


def _has_vaults(noted: Entry | None) -> bool:
    return bool(noted and noted.vaults())


def _for_people(kind: str, name: str) -> str:
    """The name of a record; tokens are named by their identity, and the application's ARN would say no more."""
    return printable(name.partition("+arn:")[0] if kind == TOKENS else name)
