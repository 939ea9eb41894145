"""Faults that a test orders: slow, refusing, garbled and lost answers."""

import threading
from dataclasses import dataclass
from typing import Literal

Cut = Literal["before", "after", "within", "reset"]


@dataclass
class Fault:
    """What happens to the next `times` calls of an operation (None: to all of them).

    In this order: wait `delay_s`, then for `until`; `cut="before"` drops the connection. `error` (a code of the service
    model, or a common one) or `status` answers without doing the work. Else the work is done, and then `cut="after"`
    loses the answer, `cut="within"` all of it but the first half, and `cut="reset"` ends the connection with an error
    of TCP; `body` replaces the answer, `slow_bytes_per_s` dribbles it.
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


class Faults:
    """The ordered ones, first come first served for each operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Put it behind those already ordered for its operation."""
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        """Forget all that did not happen yet."""
        with self._lock:
            self._ordered.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault for this call of the operation, used up."""
        with self._lock:
            for fault in self._ordered:
                if fault.operation != operation:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._ordered.remove(fault)
                return fault
        return None
