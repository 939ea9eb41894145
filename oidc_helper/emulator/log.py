"""What was asked of the emulator and how it answered; a repr or JSON of it shows no secret."""

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from oidc_helper.emulator.wire import Answer, Parameters

# The parameters that may be shown, as `_plain` spells them; whatever is not here might be a secret.
_SHOWN = {
    *("accountid", "action", "clientid", "codechallengemethod", "durationseconds", "granttype", "loginhint"),
    *("maxresult", "permission", "privilege", "prompt", "redirecturi", "requestedtokentype", "responsetype"),
    *("rolearn", "rolename", "rolesessionname", "scope", "scopes", "subjecttokentype", "target", "tokentypehint"),
    "user",
}


@dataclass(frozen=True)
class Request:
    """One answered (or dropped) call. Times in epoch seconds and seconds; `status` None: the answer was lost.

    `came_back` names what the answer held.
    """

    sequence: int
    service: str
    operation: str
    status: int | None
    parameters: Parameters = field(repr=False)
    started_at: float
    duration_s: float
    error: str | None = None
    reason: str = ""
    signer: str | None = None
    came_back: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the caller was told that it worked."""
        return self.status is not None and self.status < 400

    def asked(self, name: str) -> Any:
        """A parameter by its name in any spelling: `grant_type` and `grantType` are one."""
        return next((value for key, value in self.parameters.items() if _plain(key) == _plain(name)), None)

    def described(self) -> dict[str, Any]:
        """For showing: parameters that may be secret are masked."""
        shown = {key: value if _plain(key) in _SHOWN else "***" for key, value in self.parameters.items()}
        return {**self.__dict__, "parameters": shown}


class RequestLog:
    """Entries in the order in which the answers were ready, and a count of those that came in."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[Request] = []
        self._arrived: dict[str, int] = {}

    def arrive(self, operation: str) -> float:
        """Note that a call came in; returns the time on a clock that only `answered` understands."""
        with self._changed:
            self._arrived[operation] = self._arrived.get(operation, 0) + 1
            self._changed.notify_all()
        return time.monotonic()

    def answered(
        self, service: str, operation: str, parameters: Parameters, answer: Answer | None, since: float
    ) -> None:
        """Note the outcome; None is a lost answer."""
        now, lasted = time.time(), time.monotonic() - since
        with self._changed:
            self._entries.append(
                Request(
                    sequence=len(self._entries) + 1,
                    service=service,
                    operation=operation,
                    status=answer.status if answer else None,
                    parameters=parameters,
                    started_at=now - lasted,
                    duration_s=lasted,
                    error=answer.error if answer else None,
                    reason=answer.reason if answer else "the connection was cut",
                    signer=answer.signer if answer else None,
                    came_back=_members(answer.body) if answer else (),
                )
            )

    def wait_for(self, operation: str, times: int, timeout_s: float) -> bool:
        """Wait until that many calls of the operation came in, answered or not."""
        with self._changed:
            return self._changed.wait_for(lambda: self._arrived.get(operation, 0) >= times, timeout_s)

    def entries(self) -> list[Request]:
        """A copy, oldest first."""
        with self._changed:
            return list(self._entries)


def _members(body: bytes) -> tuple[str, ...]:
    """The names of what an answer holds, from JSON's keys or XML's innermost elements; never a value."""
    try:
        answer = json.loads(body)
    except ValueError:
        return tuple(dict.fromkeys(name.decode() for name in re.findall(rb"<(\w+)>[^<]+</", body)))
    return tuple(_leaves(answer)) if isinstance(answer, dict) else ()


def _leaves(answer: dict[str, Any]) -> Iterator[str]:
    for name, value in answer.items():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield name


def matching(entries: Iterable[Request], operation: str, parameters: Parameters, *, ok: bool | None) -> int:
    """How many of them are of that operation, outcome (None: any) and parameters."""
    return sum(
        entry.operation == operation
        and ok in (None, entry.ok)
        and all(entry.asked(name) == value for name, value in parameters.items())
        for entry in entries
    )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
