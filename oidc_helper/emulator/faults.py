"""Faults that a test orders: answers that are late, refusals, garbled or lost."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from oidc_helper.emulator.calls import Parameters, asked

Cut = Literal["before", "after", "within", "reset"]


@dataclass
class Fault:
    """What happens to the next `times` calls of an operation (None: to all of them) that have those `parameters`.

    In this order: wait `delay_s`, then for `until`. `cut="before"` closes the connection. `error` (a code of the
    service model, or a common one) or `status` answers without carrying out the operation. Otherwise the operation is
    carried out, and then `cut="after"` loses the answer, `cut="within"` loses its second half, and `cut="reset"` resets
    the TCP connection; `body` replaces the answer, `slow_bytes_per_s` sends it byte by byte.
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
        """Whether it happens to such a call."""
        return operation == self.operation and all(
            asked(parameters, name) == value for name, value in self.parameters.items()
        )


class Faults:
    """The ordered faults; for each operation the oldest happens first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Append a fault to those ordered before."""
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        """Forget the faults that have not happened yet."""
        with self._lock:
            self._ordered.clear()

    def take(self, operation: str, parameters: Parameters) -> Fault | None:
        """The fault for this call of the operation; counts it down."""
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
