"""The log of requests and their answers; its repr and JSON show no secrets."""

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from oidc_helper.emulator.calls import Answer, Parameters, parameter_of, plain

# The parameters that may be shown, as `plain` spells them; any other might be a secret.
_SHOWN = {
    *(
        "accesstype",
        "accountid",
        "action",
        "clientid",
        "codechallengemethod",
        "durationseconds",
        "granttype",
        "loginhint",
    ),
    *("maxresult", "permission", "privilege", "prompt", "redirecturi", "requestedtokentype", "responsetype"),
    *(
        "rolearn",
        "rolename",
        "rolesessionname",
        "scope",
        "sessionduration",
        "sessionname",
        "scopes",
        "subjecttokentype",
        "target",
        "tokentypehint",
    ),
    *("destination", "method", "tenantid", "user"),
    *("applicationarn", "instancearn", "trustedtokenissuerarn", "permissionsetarn", "openidconnectproviderarn"),
    *("principalid", "principaltype", "userid", "groupid", "policyname", "s3prefix", "identitystoreid"),
}


@dataclass(frozen=True)
class Request:
    """One call that was answered or dropped; `status` is None if the answer was lost.

    `started_at` is in epoch seconds. `came_back` holds the member names of the answer.
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
        """Whether the caller received a successful answer."""
        return self.status is not None and self.status < 400

    def asked(self, name: str) -> Any:
        """The value of a parameter, by its name in any spelling: `grant_type` finds `grantType`."""
        return parameter_of(self.parameters, name)

    def described(self) -> dict[str, Any]:
        """The fields for display, with parameters masked that might be secret."""
        shown = {key: value if plain(key) in _SHOWN else "***" for key, value in self.parameters.items()}
        return {**self.__dict__, "parameters": shown}


class RequestLog:
    """The answered calls in order of their answers, and the number of calls that have arrived."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[Request] = []
        self._arrivals: dict[str, int] = {}

    def arrived(self, operation: str) -> float:
        """Count a call that has arrived; returns the time to pass to `answered`."""
        with self._changed:
            self._arrivals[operation] = self._arrivals.get(operation, 0) + 1
            self._changed.notify_all()
        return time.monotonic()

    def answered(
        self, service: str, operation: str, parameters: Parameters, answer: Answer | None, began: float
    ) -> None:
        """Add the outcome of a call; `answer` is None if it was lost."""
        now, duration_s = time.time(), time.monotonic() - began
        with self._changed:
            self._entries.append(
                Request(
                    sequence=len(self._entries) + 1,
                    service=service,
                    operation=operation,
                    status=answer.status if answer else None,
                    parameters=parameters,
                    started_at=now - duration_s,
                    duration_s=duration_s,
                    error=answer.error if answer else None,
                    reason=answer.reason if answer else "the connection was cut",
                    signer=answer.signer if answer else None,
                    came_back=_members(answer.body) if answer else (),
                )
            )

    def wait_for(self, operation: str, times: int, timeout_s: float) -> bool:
        """Wait until that many calls of the operation have arrived, answered or not."""
        with self._changed:
            return self._changed.wait_for(lambda: self._arrivals.get(operation, 0) >= times, timeout_s)

    def entries(self) -> list[Request]:
        """A copy, oldest first."""
        with self._changed:
            return list(self._entries)


def _members(body: bytes) -> tuple[str, ...]:
    """The member names of an answer: the keys of JSON or the innermost elements of XML, never a value."""
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
    """The number of entries with that operation, that outcome (None: any) and those parameters."""
    return sum(
        entry.operation == operation
        and ok in (None, entry.ok)
        and all(entry.asked(name) == value for name, value in parameters.items())
        for entry in entries
    )
