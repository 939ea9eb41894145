"""All services of AWS that are here, and which operation of them a call is for."""

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

_SERVICES = (
    *(sts, identity_center, portal, account_access, s3_access_grants),
    *(sso_admin, identity_store, iam, account_access_setup, access_grants_setup),
)
_ROUTES: dict[Route, Endpoint] = {
    route: endpoint for service in _SERVICES for route, endpoint in service.ROUTES.items()
}
_TEMPLATES = [
    (method, service_model.in_path(service_model.operation(endpoint.service, endpoint.operation)), endpoint)
    for (method, path), endpoint in _ROUTES.items()
    if "{" in path
]
OPERATIONS = {endpoint.operation for endpoint in _ROUTES.values()}


def endpoint(call: Call) -> Endpoint | None:
    """The endpoint of a call; None if it is not for AWS."""
    if call.path == "/" and (call.method == "POST" or (call.method == "GET" and call.query)):
        if target := call.headers.get("X-Amz-Target"):
            return _ROUTES.get((TARGET, target), _UNKNOWN_TARGET)
        form = service_model.form(
            call
        )  # the query protocol has one path, and the body or the query names the operation
        return _ROUTES.get((form.get("Version", ""), form.get("Action", "")), _UNKNOWN_ACTION)
    method = "GET" if call.method == "HEAD" else call.method
    found = (each for wanted, path, each in _TEMPLATES if wanted == method and path.fullmatch(call.path))
    return _ROUTES.get((method, call.path)) or next(found, None)


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
