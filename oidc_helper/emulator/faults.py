"""Faults that a test can order: late, refused, garbled or lost answers."""

import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from oidc_helper.emulator.calls import Parameters, parameter_of
from oidc_helper.words import did_you_mean, listed, printable

Cut = Literal["before", "after", "within", "reset"]
BODILESS = (204, 304)  # RFC 9110 sections 15.3.5 and 15.4.5
_LONGEST_S = 86_400


@dataclass
class Fault:
    """What happens to the next `times` calls (None: to all) of an operation that have those `parameters`.

    In this order: wait `delay_s`, then for `until`. `cut="before"` closes the connection. `error` (a code of the
    service model, or a common one) or `status` answers without carrying out the operation. Otherwise the operation is
    carried out; then `cut="after"` drops the answer, `cut="within"` drops its second half, and `cut="reset"` resets the
    TCP connection. `body` replaces the answer, `slow_bytes_per_s` sends it byte by byte.
    """

    operation: str
    status: int | None = None
    error: str | None = None
    message: str = ""
    members: dict[str, str] | None = None
    delay_s: float = 0
    until: threading.Event | None = None
    cut: Cut | None = None
    body: bytes | None = None
    slow_bytes_per_s: float | None = None
    times: int | None = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def meets(self, operation: str, parameters: Parameters) -> bool:
        """Whether the fault applies to a call of the operation with the parameters."""
        return operation == self.operation and all(
            parameter_of(parameters, name) == value for name, value in self.parameters.items()
        )


class Faults:
    """The ordered faults; for each operation the oldest one applies first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Add a fault, after those ordered before."""
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        """Forget the faults that have not happened yet."""
        with self._lock:
            self._ordered.clear()

    def take(self, operation: str, parameters: Parameters) -> Fault | None:
        """The fault for this call, if any; counts it down."""
        with self._lock:
            for fault in self._ordered:
                if not fault.meets(operation, parameters):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._ordered.remove(fault)
                return fault
        return None


def problems(order: Mapping[str, Any], operations: Collection[str]) -> list[str]:
    """The mistakes in an order that was read from JSON, one sentence each; `operations` are all that exist."""
    messages = [
        f"unknown field {printable(name)}{did_you_mean(name, _FIELDS)}" for name in order if name not in _FIELDS
    ]
    messages += [
        f"{name} must be {what}" for name, (fits, what) in _FIELDS.items() if name in order and not fits(order[name])
    ]
    operation = order.get("operation", "")
    if "operation" not in order:
        messages.append("operation is missing")
    elif isinstance(operation, str) and operation not in operations:
        messages.append(f"there is no operation {printable(operation)}{did_you_mean(operation, operations)}")
    if order.get("body") is not None and order.get("status") in BODILESS:
        messages.append(f"an answer with the status {order['status']} has no body")
    return messages


def _number(least: float, most: float, kind: Any = int | float) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return isinstance(value, kind) and not isinstance(value, bool) and bool(least <= value <= most)

    return fits


def _text(value: Any) -> bool:
    """Whether it is a string that UTF-8 can encode: JSON allows lone surrogates."""
    return isinstance(value, str) and not re.search(r"[\ud800-\udfff]", value)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_text, value)) and all(map(_text, value.values()))


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _code(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,99}", value) is not None


def _one_of(*choices: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in choices


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


# Field of an order -> whether a value fits, and what a value must be.
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "operation": (_text, "a string"),
    "status": (_or_null(_number(200, 599, int)), "an integer from 200 to 599"),
    "error": (_or_null(_code), "the code of an error: letters, digits and any of _.-"),
    "message": (_text, "a string"),
    "members": (_or_null(_texts), "an object whose values are strings"),
    "delay_s": (_number(0, _LONGEST_S), f"a number from 0 to {_LONGEST_S}"),
    "cut": (_or_null(_one_of(*get_args(Cut))), listed(get_args(Cut))),
    "body": (_or_null(_text), "a string"),
    "slow_bytes_per_s": (_or_null(_number(1 / _LONGEST_S, 1e9)), "a positive number"),
    "times": (_or_null(_number(1, 1e9, int)), "a positive integer, or null for all calls"),
    "parameters": (_object, "an object"),
}
