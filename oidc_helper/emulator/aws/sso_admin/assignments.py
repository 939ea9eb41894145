"""Assignments of users and groups to an application, and whether it requires them."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import (
    check_instance,
    check_principal,
    existing_application,
    kind_of,
    listed,
    not_found,
)
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.state import State


def _get_configuration(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return {"AssignmentRequired": existing_application(state, parameters).assignment_required}


def _put_configuration(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    existing_application(state, parameters).assignment_required = parameters["AssignmentRequired"]
    return {}


def _create(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    check_principal(state, parameters)
    if parameters["PrincipalId"] in application.assigned:
        raise Refusal("ConflictException", "The assignment exists")
    application.assigned.add(parameters["PrincipalId"])
    return {}


def _delete(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    if parameters["PrincipalId"] not in application.assigned:
        raise not_found("Assignment")
    application.assigned.discard(parameters["PrincipalId"])
    return {}


def _describe(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """Describe a direct assignment. As AWS warns, an assignment through a group is not found."""
    application = existing_application(state, parameters)
    if parameters["PrincipalId"] not in application.assigned:
        raise not_found("Assignment")
    return _assignment(state, application.arn, parameters["PrincipalId"])


def _list(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    items = [_assignment(state, application.arn, principal_id) for principal_id in sorted(application.assigned)]
    return listed(state, "ApplicationAssignments", items, parameters)


def _list_for_principal(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """List the assignments of a user, including those of their groups."""
    check_instance(state, parameters)
    check_principal(state, parameters)
    reach = state.directory.reach(parameters["PrincipalId"])
    application_arn = parameters.get("Filter", {}).get("ApplicationArn")
    items = [
        _assignment(state, each.arn, principal_id)
        for each in state.directory.applications
        if application_arn in (None, each.arn)
        for principal_id in sorted(each.assigned & reach)
    ]
    return listed(state, "ApplicationAssignments", items, parameters)


def _assignment(state: State, arn: str, principal_id: str) -> Parameters:
    return {"ApplicationArn": arn, "PrincipalId": principal_id, "PrincipalType": kind_of(state, principal_id)}


OPERATIONS: dict[str, Perform] = {
    "GetApplicationAssignmentConfiguration": _get_configuration,
    "PutApplicationAssignmentConfiguration": _put_configuration,
    "CreateApplicationAssignment": _create,
    "DeleteApplicationAssignment": _delete,
    "DescribeApplicationAssignment": _describe,
    "ListApplicationAssignments": _list,
    "ListApplicationAssignmentsForPrincipal": _list_for_principal,
}
