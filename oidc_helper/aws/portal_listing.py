"""What a person may use, as the access portal lists it: accounts, and the permission sets of each.

The portal takes 20 requests a second from all its users together: calls begin at that pace, and all threads wait when
it asks to.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple, TypeVar

from oidc_helper.aws.account_access import Ask
from oidc_helper.aws.client import Aws
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, TryAgain
from oidc_helper.settings.limits import limits

_T = TypeVar("_T")

_CALLS_PER_S = 20  # the quota page of Identity Center, for the portal's APIs
_WORKERS = 12  # enough for that many requests a second even if an answer takes half a second
_PAUSES_S = (0.5, 1, 2, 4, 8)  # after an answer that asks to wait; the last one repeats
_PATIENCE_S = 60  # with a portal that does nothing but ask to wait
_TRIES = 3  # if an answer is lost: the calls change nothing
_LOOK_S = 0.5  # between two looks for Ctrl-C, which wakes no wait on Windows


class Account(NamedTuple):
    """An account that the person has access to; name and email may be empty."""

    account_id: str
    name: str
    email: str


class Access(NamedTuple):
    """A permission set that the person may use in an account, or a role given by account access manager.

    One of `permission_set` and `role_arn` is set, by the kind; `account_access` is the tenant that gives the role.
    """

    kind: Literal["permission-set", "account-access"]
    account: Account
    permission_set: str = ""
    role_arn: str = ""
    account_access: str = ""

    @property
    def name(self) -> str:
        """The name of the permission set, or of the role without its path."""
        return self.permission_set or self.role_arn.rpartition("/")[2]

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it, even if the account is renamed: the account or tenant that gives it, and what it is."""
        return self.account_access or self.account.account_id, self.permission_set or self.role_arn


class Listing(NamedTuple):
    """All that could be listed, in the order of accounts and names; by account id, the errors of the others."""

    access: Sequence[Access]
    failures: Mapping[str, OidcHelperError]


Progress = Callable[[int, int], None]
"""Takes the number of accounts that are done, and of all accounts."""


def accounts(aws: Aws, tokens: Tokens) -> list[Account]:
    """The accounts in which the person may use anything, in the order of their names. Raises OidcHelperError."""
    listed = _all_pages(aws.portal(tokens), _Pace(), "ListAccounts", "accountList", _account)
    return sorted(listed, key=lambda account: (account.name.casefold(), account.account_id))


def permission_sets(aws: Aws, tokens: Tokens, of: Sequence[Account], report: Progress = lambda *_: None) -> Listing:
    """The permission sets of these accounts; an error for one account does not lose the others.

    Calls `report` after each account.
    """
    pace, waiting, done = _Pace(), SimpleQueue[Account](), SimpleQueue[tuple[Account, list[str] | Exception]]()
    for account in of:
        waiting.put(account)

    def work(ask: Ask) -> None:
        while not pace.stopped.is_set():
            try:
                account = waiting.get_nowait()
            except Empty:
                return
            done.put((account, _names(ask, pace, account)))

    for _ in range(min(_WORKERS, len(of))):
        threading.Thread(target=work, args=(aws.portal(tokens),), name="portal", daemon=True).start()
    names, failures = dict[str, list[str]](), dict[str, OidcHelperError]()
    try:
        for count, (account, answer) in enumerate(_results(done, len(of)), 1):
            if isinstance(answer, OidcHelperError):
                failures[account.account_id] = answer
            elif isinstance(answer, Exception):
                raise answer
            else:
                names[account.account_id] = sorted(answer)
            report(count, len(of))
    finally:
        pace.stopped.set()
    access = [Access("permission-set", account, name) for account in of for name in names.get(account.account_id, ())]
    return Listing(access, failures)


def _names(ask: Ask, pace: "_Pace", account: Account) -> list[str] | Exception:
    """The names of an account's permission sets, or the error, which the collecting thread raises or lists."""
    try:
        return _all_pages(ask, pace, "ListAccountRoles", "roleList", _name, accountId=account.account_id)
    except Exception as error:  # noqa: BLE001  # the collecting thread tells ours from bugs
        return error


def _results(done: SimpleQueue[_T], count: int) -> Iterator[_T]:
    while count:
        try:
            yield done.get(timeout=_LOOK_S)
        except Empty:
            continue
        count -= 1


def _all_pages(
    ask: Ask, pace: "_Pace", operation: str, member: str, read: Callable[[Mapping[str, Any]], _T], **parameters: str
) -> list[_T]:
    """The items of all pages. Raises OidcHelperError."""

    def page(answer: Mapping[str, Any]) -> tuple[list[_T], str]:
        token = answer.get("nextToken") or ""
        if token in seen:
            raise ValueError(token)  # the pages would go on for ever
        return [read(item) for item in answer[member]], token  # an answer that botocore cannot parse lacks the member

    items, seen, token = list[_T](), set[str](), ""
    largest = limits("sso", operation, "maxResults").most
    request: dict[str, Any] = {**parameters, "maxResults": largest} if largest else dict(parameters)
    while True:
        on_page, token = pace.patiently(lambda: ask(operation, page, **request))
        items += on_page
        if not token:
            return items
        seen.add(token)
        request["nextToken"] = token


def _account(item: Mapping[str, Any]) -> Account:
    return Account(*_texts(item["accountId"], item.get("accountName") or "", item.get("emailAddress") or ""))


def _name(item: Mapping[str, Any]) -> str:
    (name,) = _texts(item["roleName"])
    return name


def _texts(*values: Any) -> Iterable[str]:
    """The values, if they are texts. Raises TypeError."""
    if not all(isinstance(value, str) for value in values):
        raise TypeError
    return values


def _now() -> float:
    return time.monotonic()


def _wait(stopped: threading.Event, seconds: float) -> bool:
    """Wait, and return whether the listing was stopped meanwhile."""
    return stopped.wait(seconds)


@dataclass
class _Pace:
    """When calls may begin, for all threads together; `stopped` ends every wait."""

    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0
    _paused_until: float = 0
    _pauses: int = 0

    def __post_init__(self) -> None:
        self._answered = _now()

    def patiently(self, call: Callable[[], _T]) -> _T:
        """Make the call when it may begin, and again if the portal asks to wait or the answer is lost."""
        lost = 0
        while True:
            self._wait_for_turn()
            try:
                answer = call()
            except TryAgain as failure:
                if failure.throttled:
                    if not self._slow_down():
                        raise
                else:
                    lost += 1
                    if lost == _TRIES or _wait(self.stopped, _PAUSES_S[lost]):
                        raise
            else:
                self._go_on()
                return answer

    def _wait_for_turn(self) -> None:
        with self._lock:
            now = _now()
            turn = max(now, self._next)
            self._next = turn + 1 / _CALLS_PER_S
        if _wait(self.stopped, turn - now):
            raise TryAgain("the listing was given up")

    def _slow_down(self) -> bool:
        """Make all threads wait; False if for too long the portal has done nothing but ask to wait."""
        with self._lock:
            now = _now()
            if now >= self._paused_until:  # else another call has begun this pause already
                pause = _PAUSES_S[min(self._pauses, len(_PAUSES_S) - 1)]
                self._pauses += 1
                self._paused_until = now + pause
                self._next = max(self._next, self._paused_until)
            return now - self._answered < _PATIENCE_S

    def _go_on(self) -> None:
        with self._lock:
            self._answered = _now()
            if self._answered >= self._paused_until:
                self._pauses = 0
