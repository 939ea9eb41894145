"""The emulator's own endpoints, for users of the command: tokens without a sign-in, the request log, and faults."""

import dataclasses
import json
from typing import Any

from oidc_helper.emulator.calls import Answer, Call, Endpoint, Refusal
from oidc_helper.emulator.faults import Fault, Faults
from oidc_helper.emulator.fixtures import PUBLIC_CLIENT
from oidc_helper.emulator.idp.claims import identity_token
from oidc_helper.emulator.request_log import RequestLog
from oidc_helper.emulator.state import State

TOKEN_PATH = "/_emulator/identity-token"  # noqa: S105 - a path
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_FAULT_FIELDS = {field.name for field in dataclasses.fields(Fault)} - {"until"}


def routes(log: RequestLog, faults: Faults) -> dict[tuple[str, str], Endpoint]:
    """The endpoints by method and path."""

    def order(_state: State, call: Call) -> Answer:
        faults.order(_fault(call))
        return Answer(204)

    def forget(_state: State, _call: Call) -> Answer:
        faults.clear()
        return Answer(204)

    def requests(_state: State, _call: Call) -> Answer:
        described = [entry.described() for entry in log.entries() if entry.service != "emulator"]
        return Answer(200, json.dumps(described, indent=1).encode(), _JSON)

    return {
        ("GET", TOKEN_PATH): _endpoint("IdentityToken", _identity_token),
        ("GET", "/_emulator/requests"): _endpoint("Requests", requests),
        ("POST", "/_emulator/faults"): _endpoint("OrderFault", order),
        ("DELETE", "/_emulator/faults"): _endpoint("ForgetFaults", forget),
    }


def _endpoint(operation: str, work: Any) -> Endpoint:
    return Endpoint("emulator", operation, Call.query_values, work, _refuse)


def _identity_token(state: State, call: Call) -> Answer:
    email = call.query_values().get("user")
    try:
        person = state.directory.identity_provider.person(email)
    except KeyError:
        raise Refusal("not_found", f"the identity provider does not know {email}", status=404) from None
    token = identity_token(state, person, PUBLIC_CLIENT)
    return Answer(200, token.encode(), {"Content-Type": "text/plain", "Cache-Control": "no-store"})


def _fault(call: Call) -> Fault:
    """Read a fault from a JSON object with the fields of Fault. Raises Refusal."""
    try:
        fields = json.loads(call.body)
        unknown = set(fields) - _FAULT_FIELDS
        if unknown:
            raise Refusal("invalid_request", f"unknown fields: {', '.join(sorted(unknown))}")
        body = fields.pop("body", None)
        return Fault(**fields, body=body if body is None else str(body).encode())
    except (ValueError, TypeError) as error:
        raise Refusal("invalid_request", str(error)) from error


def _refuse(refusal: Refusal) -> Answer:
    body = json.dumps({"error": refusal.code, "message": refusal.message}).encode()
    return Answer(refusal.status or 400, body, _JSON, refusal.code, refusal.reason)
