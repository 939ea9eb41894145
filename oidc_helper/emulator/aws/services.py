"""All emulated AWS services, and the operation that a call is for."""

import functools
import re
from dataclasses import dataclass

from oidc_helper.emulator.aws import (
    access_grants_setup,
    account_access,
    account_access_setup,
    errors,
    iam,
    identity_center,
    identity_store,
    portal,
    s3_access_grants,
    service_model,
    sso_admin,
    sts,
)
from oidc_helper.emulator.aws.endpoint import TARGET, Route
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Refusal
from oidc_helper.emulator.state import State

_FOR_PEOPLE = (sts, identity_center, portal, account_access, s3_access_grants)
_FOR_ADMINISTRATORS = (sso_admin, identity_store, iam, account_access_setup, access_grants_setup)
_ADMINISTRATOR_PATHS = ("/v20180820/", "/applications", "/entitlements")  # of all administrator services that use paths


@dataclass(frozen=True)
class _Routes:
    """Operations by route; a path template also has a pattern."""

    exact: dict[Route, Endpoint]

    @functools.cached_property
    def templates(self) -> list[tuple[str, re.Pattern[str], Endpoint]]:
        return [
            (method, service_model.in_path(service_model.operation(each.service, each.operation)), each)
            for (method, path), each in self.exact.items()
            if "{" in path
        ]

    def find(self, call: Call) -> Endpoint | None:
        """The endpoint of a call."""
        if call.path == "/":
            target = call.headers.get("X-Amz-Target")
            form = {} if target else service_model.form(call)  # in the query protocol, the form names the operation
            route = (TARGET, target) if target else (form.get("Version", ""), form.get("Action", ""))
            return self.exact.get(route)
        method = "GET" if call.method == "HEAD" else call.method
        matching = (each for verb, path, each in self.templates if verb == method and path.fullmatch(call.path))
        return self.exact.get((method, call.path)) or next(matching, None)


_ROUTES_FOR_PEOPLE = _Routes({route: each for service in _FOR_PEOPLE for route, each in service.ROUTES.items()})
OPERATIONS = {each.operation for each in _ROUTES_FOR_PEOPLE.exact.values()}.union(
    *(service.OPERATIONS for service in _FOR_ADMINISTRATORS)
)


@functools.cache
def _routes_for_administrators() -> _Routes:
    """Built on first use: loading the service models takes half a second."""
    return _Routes(
        {
            route: each
            for service in _FOR_ADMINISTRATORS
            for route, each in service.SERVICE.routes(service.OPERATIONS).items()
        }
    )


def endpoint(call: Call) -> Endpoint | None:
    """The endpoint of a call; None if the call is not for AWS."""
    is_for_root = call.path == "/" and (call.method == "POST" or (call.method == "GET" and bool(call.query)))
    matching = _ROUTES_FOR_PEOPLE.find(call)
    if matching is None and (is_for_root or call.path.startswith(_ADMINISTRATOR_PATHS)):
        matching = _routes_for_administrators().find(call)
    if matching is None and is_for_root:
        matching = _UNKNOWN_TARGET if "X-Amz-Target" in call.headers else _UNKNOWN_ACTION
    return matching


def _unknown_action(_state: State, call: Call) -> Answer:
    form = service_model.form(call)
    if "Action" not in form:
        raise Refusal("MissingAction", "The request is missing an action", status=400)
    version = form.get("Version", "NO_VERSION_SPECIFIED")
    raise Refusal("InvalidAction", f"Could not find operation {form['Action']} for version {version}", status=400)


def _unknown_target(_state: State, _call: Call) -> Answer:
    raise Refusal("UnknownOperationException", "The operation is not known here", status=400)


_UNKNOWN_ACTION = Endpoint(
    service="sts",
    operation="unknown",
    read=lambda _call: {},
    work=_unknown_action,
    refuse=lambda refusal: errors.refuse(service_model.operation("sts", "GetCallerIdentity"), refusal),
)
_UNKNOWN_TARGET = Endpoint(
    service="sso-admin",
    operation="unknown",
    read=lambda _call: {},
    work=_unknown_target,
    refuse=lambda refusal: errors.refuse(service_model.operation("sso-admin", "ListInstances"), refusal),
)
