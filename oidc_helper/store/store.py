"""What is kept, and where: short-lived credentials in memory, tokens in the vault, each in the other's place at need.

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

from oidc_helper import kernel, names, paths, record
from oidc_helper.errors import StoreUnusable
from oidc_helper.machine import lock
from oidc_helper.machine.lock import Lock
from oidc_helper.store import choice, index, parts, vault
from oidc_helper.store.index import Detail, Entry, Index, without
from oidc_helper.store.ledger import Ledger

log = logging.getLogger("oidc_helper.store.store")

CREDENTIALS, TOKENS, SIGN_IN = "credentials", "tokens", "sign-in"
KERNEL = kernel.NAME
_LONGEST_TIMEOUT_S = 2**31 - 1
_HINT = "start a Secret Service, or name a keyring back end with PYTHON_KEYRING_BACKEND"
_NO_VAULT = "there is no keyring in this session"
_KERNEL_SAYS = {
    errno.EPERM: "is forbidden here, as in most containers",
    errno.ENOSYS: "is not to be had here",
    errno.EDQUOT: "is full (see /proc/key-users)",
    errno.EFBIG: "takes no record of this size",
}


class Store(Ledger):
    """The records of the configuration in force, and what is remembered beside them.

    `now` tells epoch seconds. A call of the vault is given up after `vault_timeout_s`; `prompts` lets it ask a person
    to unlock it. `find_vault` is `vault.find` or its like.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        vault_timeout_s: float = 15,
        prompts: bool = False,
        find_vault: Callable[..., vault.Vault | None] = choice.find,
    ) -> None:
        super().__init__(now)
        self._find_vault = partial(find_vault, timeout_s=vault_timeout_s, prompts=prompts)
        self._found: list[vault.Vault | None] = []
        self._trouble: tuple[float, StoreUnusable] | None = None

    def get(self, kind: str, name: str) -> str | None:
        """The record's text; None where there is none, or what is there does not add up.

        Raises StoreUnusable where it may lie in a vault that is locked or does not answer.
        """
        entry = names.entry_name(kind, name)
        noted = _noted(entry)
        if kind == CREDENTIALS or (noted and noted.place == KERNEL):
            text = _from_kernel(kind, entry)
            if text is None and (kind != CREDENTIALS or _vaults_of(noted) or not kernel.available()):
                text = self._from_vault(
                    entry
                )  # not for every miss: it costs 20 ms, with another keyring than usual 150
            return text
        try:
            text = self._from_vault(entry)
        except StoreUnusable:
            text = _from_kernel(kind, entry)
            if text is None:
                raise
        return text if text is not None else _from_kernel(kind, entry)

    def put(
        self, kind: str, name: str, text: str, *, expires_at: int | None, details: Mapping[str, Detail] | None = None
    ) -> str:
        """Keep `text` in place of any former one, and return where; of no use from `expires_at` on (epoch seconds).

        Credentials must be the text of `record.compose`. `details` are for status and hold no secret. Where the fitting
        place refuses, the other one takes it. Raises StoreUnusable where both do; the former record is still there.
        """
        entry = names.entry_name(kind, name)
        former = _noted(entry)
        note = Entry(kind, name, paths.config_file(), "", expires_at, int(self._now()), dict(details or {}))
        problems = []
        for write in (self._to_kernel, self._to_vault) if kind == CREDENTIALS else (self._to_vault, self._to_kernel):
            try:
                return write(entry, text, note)
            except StoreUnusable as problem:
                problems.append(problem)
        _take_back(entry, former)
        raise StoreUnusable(
            "; ".join(sorted(problem.message for problem in problems)), problems[0].hint or problems[1].hint
        )

    def delete(self, kind: str, name: str) -> bool:
        """Whether there was such a record; none is left in any place, nor pieces that a killed process left.

        Raises StoreUnusable where a vault that may hold it cannot be reached.
        """
        entry = names.entry_name(kind, name)
        noted = _noted(entry)
        found = _forget_in_kernel(entry)
        if noted is None or _vaults_of(noted):
            found = self._forget_in_vault(entry, _vaults_of(noted)) or found
        if noted is not None:
            _note(entry, None)
        self.tidy()
        return found

    def tidy(self) -> None:
        """Remove what killed processes left beside the index, as far as that can be done."""
        with suppress(StoreUnusable):
            index.tidy()

    def exists(self, kind: str, name: str) -> bool:
        """Whether a record is there, as far as is known without opening a secret or asking the vault."""
        entry = names.entry_name(kind, name)
        noted = _noted(entry)
        if kernel.exists(entry):
            return True
        return bool(noted and noted.place != KERNEL and (noted.expires_at or math.inf) > self._now())

    def entries(self) -> list[Entry]:
        """What is kept for this configuration, less what the kernel has forgotten meanwhile; opens no secret."""
        return [
            noted
            for noted in _all_noted()
            if _vaults_of(noted) or kernel.exists(names.entry_name(noted.kind, noted.name))
        ]

    def names(self) -> list[tuple[str, str]]:
        """Kind and name of all that may be kept for this configuration.

        What was kept while the index could not be written is known to the kernel's keyring, which can be listed.
        """
        kept = {(noted.kind, noted.name) for noted in _all_noted()}
        with suppress(OSError):
            kept.update(found for entry in kernel.names() if (found := names.kind_and_name(entry)))
        return sorted(kept)

    def where(self, kind: str) -> str:
        """Name, for people, the place that a record of this kind goes to now; never raises."""
        kernel_keyring = f"{KERNEL} (until the next boot)" if kernel.available() else ""
        if kind == CREDENTIALS and kernel_keyring:
            return kernel_keyring
        try:
            found = self._vault()
        except StoreUnusable as problem:
            return f"nowhere: {problem.message}"
        return found.name if found else kernel_keyring or f"nowhere: {_NO_VAULT}"

    def acquire(self, name: str, *, timeout_s: float, purpose: str) -> Lock | None:
        """`lock.acquire` for a name of this configuration."""
        return lock.acquire(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def hold(self, name: str, *, timeout_s: float, purpose: str) -> Lock:
        """`lock.hold` for a name of this configuration."""
        return lock.hold(names.entry_name("lock", name), timeout_s=timeout_s, purpose=purpose)

    def holder(self, name: str) -> str:
        """`lock.holder` for a name of this configuration."""
        return lock.holder(names.entry_name("lock", name))

    def _vault(self) -> vault.Vault | None:
        """The vault, found once; what kept us from finding it is not met anew by every call of a fetch."""
        if self._trouble and time.monotonic() < self._trouble[0]:
            raise StoreUnusable(self._trouble[1].message, self._trouble[1].hint)
        if not self._found:
            try:
                self._found.append(self._find_vault())
            except StoreUnusable as problem:
                self._trouble = (time.monotonic() + vault.SILENCE_S, problem)
                raise
        return self._found[0]

    def _from_vault(self, entry: str) -> str | None:
        found = self._vault()
        return parts.get(found, entry) if found else None

    def _to_vault(self, entry: str, text: str, note: Entry) -> str:
        found = self._vault()
        if found is None:
            raise StoreUnusable(_NO_VAULT, _HINT)
        found.require_open()
        remains = tuple(place for place in _vaults_of(_noted(entry)) if place != found.name)
        _note(entry, replace(note, place=found.name, remains=remains))
        parts.put(found, entry, text)
        _forget_in_kernel(entry)
        return found.name

    def _to_kernel(self, entry: str, text: str, note: Entry) -> str:
        try:
            kernel.probe()
        except OSError as error:
            raise _kernel_problem(error.errno) from None
        remains = _vaults_of(_noted(entry))
        _note(entry, replace(note, place=KERNEL, remains=remains))
        payload = text if note.kind == CREDENTIALS else parts.seal(text)
        left_s = 0 if note.expires_at is None else max(1, math.ceil(note.expires_at - self._now()))
        try:
            kernel.write(entry, payload.encode(), min(left_s, _LONGEST_TIMEOUT_S))
        except OSError as error:
            raise _kernel_problem(error.errno) from None
        if remains:
            with suppress(StoreUnusable):
                self._forget_in_vault(entry, remains)
                _note(entry, replace(note, place=KERNEL))
        return KERNEL

    def _forget_in_vault(self, entry: str, known: tuple[str, ...]) -> bool:
        """Whether it was there. Raises StoreUnusable where the vault is another one than those that took the record."""
        found = self._vault()
        elsewhere = [place for place in known if not found or place != found.name]
        deleted = parts.delete(found, entry) if found else False
        if elsewhere:
            raise StoreUnusable(f"{entry} lies in {elsewhere[0]}, which this session does not use", _HINT)
        return deleted


def _noted(entry: str) -> Entry | None:
    return index.read().entries.get(entry)


def _all_noted() -> list[Entry]:
    try:
        config = paths.config_file()
    except FileNotFoundError:  # who has no home has no configuration, and nothing that was kept for it
        return []
    return [noted for _, noted in sorted(index.read().entries.items()) if noted.config == config]


def _vaults_of(noted: Entry | None) -> tuple[str, ...]:
    """The vaults that may hold something of a record."""
    places = (noted.place, *noted.remains) if noted else ()
    return tuple(place for place in dict.fromkeys(places) if place != KERNEL)


def _from_kernel(kind: str, entry: str) -> str | None:
    payload = kernel.read(entry)
    if payload is None:
        return None
    text = payload.decode("utf-8", "replace")
    if kind == CREDENTIALS:  # as they are to be printed: the hit path reads them itself
        return text if record.parse(payload) else None
    return parts.unseal(text)


def _forget_in_kernel(entry: str) -> bool:
    try:
        return kernel.delete(entry)
    except OSError:  # it never took anything then
        return False


def _kernel_problem(number: int | None) -> StoreUnusable:
    says = _KERNEL_SAYS.get(number or 0, f"refuses (errno {number})")
    return StoreUnusable(f"the {KERNEL} {says}", _HINT)


def _take_back(entry: str, former: Entry | None) -> None:
    """Note the former record again; and that a vault which failed half-way may hold some of the new one."""
    attempt = _noted(entry)
    if attempt != former:
        stands = former or (attempt and _vaults_of(attempt) and replace(attempt, expires_at=0)) or None
        remains = tuple(place for place in _vaults_of(attempt) if stands and place != stands.place)
        _note(entry, stands and replace(stands, remains=remains))


def _note(entry: str, noted: Entry | None) -> None:
    """Put an entry into the index, or drop it; records are kept also where that cannot be done.

    It is noted before the record is written: a killed process leaves a name too many, never a secret without one.
    """

    def change(before: Index) -> Index:
        others = without(before.entries, entry)
        return replace(before, entries=others if noted is None else {**others, entry: noted})

    try:
        index.update(change)
    except StoreUnusable as problem:
        log.warning("%s", problem.message)
