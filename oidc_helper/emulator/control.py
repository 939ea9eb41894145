"""The emulator's own endpoints for users of the command: tokens without sign-in, the request log, faults."""

import json
from collections.abc import Callable, Collection

from oidc_helper.emulator.calls import Answer, Call, Endpoint, Refusal, json_object
from oidc_helper.emulator.faults import Fault, Faults, problems
from oidc_helper.emulator.fixtures import PUBLIC_CLIENT
from oidc_helper.emulator.idp.claims import identity_token
from oidc_helper.emulator.request_log import RequestLog
from oidc_helper.emulator.state import State
from oidc_helper.words import did_you_mean, printable

TOKEN_PATH = "/_emulator/identity-token"  # noqa: S105 - a path
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def routes(log: RequestLog, faults: Faults, operations: Collection[str]) -> dict[tuple[str, str], Endpoint]:
    """The endpoints by method and path; `operations` are those for which faults can be ordered."""

    def order(_state: State, call: Call) -> Answer:
        faults.order(_fault(call, operations))
        return Answer(204)

    def forget(_state: State, _call: Call) -> Answer:
        faults.clear()
        return Answer(204)

    def requests(_state: State, _call: Call) -> Answer:
        described = [entry.described() for entry in log.entries() if entry.service != "emulator"]
        return Answer(200, json.dumps(described, indent=1).encode(), _JSON)

    return {
        ("GET", TOKEN_PATH): _endpoint("IdentityToken", _identity_token, "user"),
        ("GET", "/_emulator/requests"): _endpoint("Requests", requests),
        ("POST", "/_emulator/faults"): _endpoint("OrderFault", order),
        ("DELETE", "/_emulator/faults"): _endpoint("ForgetFaults", forget),
    }


def _endpoint(operation: str, work: Callable[[State, Call], Answer], *parameters: str) -> Endpoint:
    """An endpoint that accepts only those query parameters, so that a misspelt one does not go unnoticed."""

    def checked(state: State, call: Call) -> Answer:
        for name in call.query_values():
            if name not in parameters:
                raise Refusal("invalid_request", f"unknown parameter {printable(name)}{did_you_mean(name, parameters)}")
        return work(state, call)

    return Endpoint("emulator", operation, Call.query_values, checked, _refuse)


def _identity_token(state: State, call: Call) -> Answer:
    email = call.query_values().get("user")
    try:
        person = state.directory.identity_provider.person(email)
    except KeyError:
        raise Refusal(
            "not_found", f"the identity provider does not know {printable(email or '')}", status=404
        ) from None
    token = identity_token(state, person, PUBLIC_CLIENT)
    return Answer(200, token.encode(), {"Content-Type": "text/plain", "Cache-Control": "no-store"})


def _fault(call: Call, operations: Collection[str]) -> Fault:
    """Read a fault from a JSON object with the fields of Fault. Raises Refusal, with one problem per line."""
    order = json_object(call.body)
    if order is None:
        raise Refusal("invalid_request", "the order is not a JSON object")
    if messages := problems(order, operations):
        raise Refusal("invalid_request", "\n".join(messages))
    body = order.pop("body", None)
    return Fault(**order, body=body if body is None else body.encode())


def _refuse(refusal: Refusal) -> Answer:
    body = json.dumps({"error": refusal.code, "message": refusal.message}).encode()
    return Answer(refusal.status or 400, body, _JSON, refusal.code, refusal.reason)
