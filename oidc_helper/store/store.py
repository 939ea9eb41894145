"""Keeps records: short-lived credentials in the kernel, tokens in the vault, each in the other's place at need.

Knows no keyring itself: Linux's is `kernel`, the user's is `vault`.
"""

import errno
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from oidc_helper import kernel, names, paths
from oidc_helper.errors import StoreUnusable
from oidc_helper.machine import lock
from oidc_helper.machine.lock import Lock
from oidc_helper.store import backends, choice, index, parts, vault
from oidc_helper.store.index import Detail, Entry, Index, without
from oidc_helper.store.ledger import Ledger
from oidc_helper.store.places import KERNEL, name_of
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.store.store")

CREDENTIALS, TOKENS, SIGN_IN = "credentials", "tokens", "sign-in"

_LONGEST_TIMEOUT_S = 2**31 - 1
_SWEPT_S, _PAUSE_S = 0.5, 0.01  # the kernel counts a key that was dropped until it has swept, which took 60 ms
REMEDY = "start a Secret Service, or name a keyring back end with PYTHON_KEYRING_BACKEND"
_NO_VAULT = "there is no keyring in this session"
_KERNEL_KEYRING = f"{name_of(KERNEL)} (until the next boot)"
_KERNEL_SAYS = {
    errno.EPERM: "is forbidden here, as in most containers",
    errno.ENOSYS: "is not to be had here",
    errno.EDQUOT: "is full (see /proc/key-users)",
    errno.EFBIG: "takes no record of this size",
}


class Store(Ledger):
    """The records of the configuration in force, and the notes beside them.

    `now` tells epoch seconds. A call of the vault is given up after `vault_timeout_s`; `prompts` lets it ask a person
    to unlock it. `anew` counts tokens out of reach as none, for a person who signs in again. `find_vault` is
    `choice.find` or its like.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        vault_timeout_s: float = 15,
        prompts: bool = False,
        anew: bool = False,
        find_vault: Callable[..., vault.Vault | None] = choice.find,
    ) -> None:
        super().__init__(now)
        self._anew = anew
        self._find_vault = partial(find_vault, timeout_s=vault_timeout_s, prompts=prompts)
        self._vaults: list[vault.Vault | None] = []  # the one there is, or None, once it was looked for
        self._trouble: tuple[float, StoreUnusable] | None = None
        self._in_hand: dict[str, _Unkept] = {}  # what no place took: it serves this process, and is lost with it

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
        places = (self._kernel_place, self._vault_place)
        formers: list[Entry | None] = []  # as they were before each attempt
        problems = []
        for ready in places if kind == CREDENTIALS else reversed(places):
            try:
                attempt = replace(noted, place=ready())
                formers.append(_note(entry, attempt))
                self._write(entry, text, attempt)
            except StoreUnusable as problem:
                problems.append(problem)
            else:
                self._forget_elsewhere(entry, attempt.place, formers[-1])
                self._in_hand.pop(entry, None)
                return attempt.place
        reason = "; ".join(sorted(problem.message for problem in problems))
        _change(entry, lambda attempt: _taken_back(formers[0], attempt) if formers else attempt, unkept=reason)
        if kind == CREDENTIALS:  # older keys must not be served after newer ones
            with suppress(StoreUnusable):
                self._forget(entry, unkept=reason)
        self._in_hand[entry] = _Unkept(text, reason)
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
        noted = _noted(entry)
        return bool(noted and noted.place != KERNEL and (noted.expires_at or math.inf) > self._now())

    def entries(self) -> list[Entry]:
        """The records of this configuration, less those that the kernel has forgotten meanwhile; opens no secret."""
        return [
            noted
            for noted in _all_noted()
            if _has_vaults(noted) or kernel.exists(names.entry_name(noted.kind, noted.name))
        ]

    def names(self) -> list[tuple[str, str]]:
        """Kind and name of every record that may be kept for this configuration.

        The kernel keyring, which can be listed, names those that were kept while the index could not be written.
        """
        kept = {(noted.kind, noted.name) for noted in _all_noted()}
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
        noted = _noted(entry)
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
        noted = _noted(entry)
        if kind == CREDENTIALS or (noted and noted.place == KERNEL):
            text = _from_kernel(kind, entry)
            # No vault for every miss: it costs 20 ms, with another keyring than usual 150.
            if text is None and (kind != CREDENTIALS or _has_vaults(noted) or not kernel.available()):
                text = self._from_vault(entry)
        else:
            try:
                text = self._from_vault(entry)
            except StoreUnusable:
                text = _from_kernel(kind, entry)
                if text is None:
                    raise
            text = text if text is not None else _from_kernel(kind, entry)
        if text is None and kind != CREDENTIALS and noted and (noted.expires_at or math.inf) > self._now():
            self._require_reach(noted)
        return text

    def _require_reach(self, noted: Entry) -> None:
        """Raise StoreUnusable where a record may lie in another vault than this session's."""
        own = self._vault()
        for place in noted.vaults():
            if own is None or place != own.place:
                raise _out_of_reach(noted.kind, noted.name, place)

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

    def _kernel_place(self) -> str:
        """Raises StoreUnusable where nothing can be put into the kernel keyring."""
        try:
            kernel.probe()
        except OSError as error:
            raise _kernel_problem(error.errno) from None
        return KERNEL

    def _vault_place(self) -> str:
        """Raises StoreUnusable where there is no vault, or nothing can be put there."""
        own = self._vault()
        if own is None:
            raise StoreUnusable(_NO_VAULT, REMEDY)
        own.require_open()
        return own.place

    def _write(self, entry: str, text: str, noted: Entry) -> None:
        own = None if noted.place == KERNEL else self._vault()
        if own:
            parts.put(own, entry, text)
        else:
            self._write_in_kernel(entry, text, noted)

    def _write_in_kernel(self, entry: str, text: str, noted: Entry) -> None:
        payload = text if noted.kind == CREDENTIALS else parts.seal(text)
        left_s = 0 if noted.expires_at is None else max(1, math.ceil(noted.expires_at - self._now()))
        room_until = 0.0
        while True:
            try:
                kernel.write(entry, payload.encode(), min(left_s, _LONGEST_TIMEOUT_S))
            except OSError as error:
                is_waiting = time.monotonic() < room_until
                if error.errno != errno.EDQUOT or not (is_waiting or _make_room(noted.kind, entry)):
                    raise _kernel_problem(error.errno) from None
                if not is_waiting:
                    room_until = time.monotonic() + _SWEPT_S
                time.sleep(_PAUSE_S)
            else:
                return

    def _forget(self, entry: str, *, unkept: str = "") -> bool:
        """Whether it was kept anywhere; `unkept` is why no place took a newer text of it."""
        noted = _noted(entry)
        deleted = _forget_in_kernel(entry)
        if noted is None or _has_vaults(noted):
            deleted = self._forget_in_vault(entry, noted) or deleted
        if noted is not None:
            _change(entry, lambda _: None, unkept=unkept)
        return deleted

    def _forget_elsewhere(self, entry: str, place: str, former: Entry | None) -> None:
        """Forget the former text where it does not lie in the place of the new one; a vault may be out of reach."""
        if place != KERNEL:
            _forget_in_kernel(entry)
        elif _has_vaults(former):
            with suppress(StoreUnusable):
                self._forget_in_vault(entry, former)
                _change(entry, _without_former_places)

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
                _change(entry, partial(_without_vault, own.place))
            raise _out_of_reach(noted.kind, noted.name, elsewhere[0]) if noted else StoreUnusable(_NO_VAULT, REMEDY)
        return deleted


class _Unkept(NamedTuple):
    text: str
    reason: str


def _noted(entry: str) -> Entry | None:
    return index.read().entries.get(entry)


def _all_noted() -> list[Entry]:
    try:
        config = names.configuration()
    except FileNotFoundError:  # a user without a home has no configuration, and no records
        return []
    return [noted for _, noted in sorted(index.read().entries.items()) if noted.config == config]


def _has_vaults(noted: Entry | None) -> bool:
    return bool(noted and noted.vaults())


def _from_kernel(kind: str, entry: str) -> str | None:
    payload = kernel.read(entry)
    if payload is None:
        return None
    text = payload.decode("utf-8", "replace")
    return text if kind == CREDENTIALS else parts.unseal(text)  # a hit reads credentials as they are to be printed


def _forget_in_kernel(entry: str) -> bool:
    try:
        return kernel.delete(entry)
    except OSError:  # it never took anything then
        return False


def _make_room(kind: str, entry: str) -> bool:
    """Drop a key of credentials, which are cheap to get again: tokens may need a person. Whether there was one.

    Credentials make room for themselves alone: the key that they replace counts as long as both are there.
    """
    try:
        if kind == CREDENTIALS:
            return kernel.delete(entry)
        beginning = f"{paths.APPLICATION}:{CREDENTIALS}:"
        return any(kernel.delete(other) for other in kernel.names() if other.startswith(beginning))
    except OSError:
        return False


def _for_people(kind: str, name: str) -> str:
    """The name of a record; tokens are named by their identity, and the application's ARN would say no more."""
    return printable(name.partition("+arn:")[0] if kind == TOKENS else name)


def _out_of_reach(kind: str, name: str, place: str) -> StoreUnusable:
    return StoreUnusable(
        f"the {kind} of {_for_people(kind, name)} may lie in {name_of(place)}, which this session does not use",
        backends.hint_of(place),
    )


def _kernel_problem(number: int | None) -> StoreUnusable:
    says = _KERNEL_SAYS.get(number or 0, f"refuses (errno {number})")
    return StoreUnusable(f"the {name_of(KERNEL)} {says}", REMEDY)


def _note(entry: str, noted: Entry) -> Entry | None:
    """Note a record, with the places that may hold a former text of it, and return the former note."""

    def change(former: Entry | None) -> Entry:
        places = former.vaults() if former else ()
        return replace(noted, former_places=tuple(place for place in dict.fromkeys(places) if place != noted.place))

    return _change(entry, change)


def _without_vault(place: str, noted: Entry | None) -> Entry | None:
    """The note of a record whose other vaults are not reached now, so that another session can finish there."""
    if noted is None:
        return None
    first, *others = [other for other in (noted.place, *noted.former_places) if other != place]
    return replace(noted, place=first, former_places=tuple(others))


def _without_former_places(noted: Entry | None) -> Entry | None:
    return replace(noted, former_places=()) if noted and noted.place == KERNEL else noted


def _taken_back(former: Entry | None, attempt: Entry | None) -> Entry | None:
    """The former note again; it adds that a vault which failed half-way may hold some of the new text."""
    if attempt is None or attempt == former:
        return former
    stands = former or (replace(attempt, expires_at=0) if attempt.vaults() else None)
    return stands and replace(stands, former_places=tuple(place for place in attempt.vaults() if place != stands.place))


def _change(entry: str, change: Callable[[Entry | None], Entry | None], *, unkept: str = "") -> Entry | None:
    """Change or drop an entry of the index and return the former one; records are kept where that fails, too.

    It is noted before the record is written: a killed process leaves a name too many, never a secret without one.
    `unkept` is why no place took the latest text; empty where one does.
    """
    former = None

    def changed(before: Index) -> Index:
        nonlocal former
        former = before.entries.get(entry)
        after = change(former)
        others, reasons = without(before.entries, entry), without(before.unkept, entry)
        return replace(
            before,
            entries=others if after is None else {**others, entry: after},
            unkept={**reasons, entry: unkept} if unkept else reasons,
        )

    try:
        index.update(changed)
    except StoreUnusable as problem:
        log.warning("%s", problem.message)
        return _noted(entry)
    return former
