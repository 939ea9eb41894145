"""Faults that a test orders: answers that are late, refusals, garbled or lost."""

import threading
from dataclasses import dataclass
from typing import Literal

Cut = Literal["before", "after", "within", "reset"]


@dataclass
class Fault:
    """What happens to the next `times` calls of an operation (None: to all of them).

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

    def take(self, operation: str) -> Fault | None:
        """The fault for this call of the operation; counts it down."""
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
