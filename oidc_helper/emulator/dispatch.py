"""Route a call to its operation, apply ordered faults, and write the request log."""

import threading
from dataclasses import dataclass, field

from oidc_helper.emulator import control
from oidc_helper.emulator.aws import services, signin
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.faults import Cut, Fault, Faults
from oidc_helper.emulator.idp import routes as idp
from oidc_helper.emulator.request_log import RequestLog
from oidc_helper.emulator.state import State

_NO_FAULT = Fault("none")


@dataclass(frozen=True)
class Outcome:
    """What the server does with a call: send `answer`, or cut the connection if that is None, in the way of `cut`."""

    answer: Answer | None
    slow_bytes_per_s: float | None = None
    cut: Cut | None = None


@dataclass
class Dispatch:
    """Routes calls from the sockets to the services. Setting `stopping` ends every wait."""

    state: State
    log: RequestLog = field(default_factory=RequestLog)
    faults: Faults = field(default_factory=Faults)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._paths: dict[tuple[str, str], Endpoint] = {**idp.ROUTES, **signin.ROUTES}
        operations = {endpoint.operation for endpoint in self._paths.values()} | services.OPERATIONS
        self._paths |= control.routes(self.log, self.faults, operations)

    def respond(self, call: Call) -> Outcome:
        """Carry out the operation unless a fault prevents it."""
        endpoint = self._endpoint(call)
        began = self.log.arrived(endpoint.operation)
        parameters = _parameters(endpoint, call)
        fault = self.faults.take(endpoint.operation, parameters) or _NO_FAULT
        self._wait(fault)
        dropped = fault.cut == "before" or self.stopping.is_set()
        answer = None if dropped else _answer(self.state, endpoint, call, fault)
        if fault.cut in ("after", "reset"):
            answer = None
        self.log.answered(endpoint.service, endpoint.operation, parameters, answer, began)
        return Outcome(answer, fault.slow_bytes_per_s, fault.cut)

    def _endpoint(self, call: Call) -> Endpoint:
        method = "GET" if call.method == "HEAD" else call.method
        return services.endpoint(call) or self._paths.get((method, call.path), _NOWHERE)

    def _wait(self, fault: Fault) -> None:
        self.stopping.wait(fault.delay_s)
        while fault.until and not fault.until.wait(0.05) and not self.stopping.is_set():
            continue  # two events cannot be waited for at once


def _answer(state: State, endpoint: Endpoint, call: Call, fault: Fault) -> Answer:
    if fault.error:
        return endpoint.refuse(
            Refusal(fault.error, fault.message, status=fault.status, members=fault.members, reason="ordered as a fault")
        )
    if fault.status:
        return Answer(fault.status, fault.body or b"", error=str(fault.status), reason="ordered as a fault")
    try:
        with state.lock:
            answer = endpoint.work(state, call)
    except Refusal as refusal:
        answer = endpoint.refuse(refusal)
    if fault.body is not None:
        answer = Answer(answer.status, fault.body, answer.headers, answer.error, answer.reason, answer.signer)
    return answer


def _parameters(endpoint: Endpoint, call: Call) -> Parameters:
    try:
        return endpoint.read(call)
    except Refusal:
        return {}


def _no_such_path(_state: State, _call: Call) -> Answer:
    raise Refusal("not_found", status=404)


_NOWHERE = Endpoint(
    service="unknown",
    operation="unknown",
    read=lambda _call: {},
    work=_no_such_path,
    refuse=lambda refusal: Answer(404, b"no such path\n", {"Content-Type": "text/plain"}, error=refusal.code),
)
