"""Who is assigned to an application, and whether they must be."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import (
    application,
    check_instance,
    check_principal,
    kind_of,
    listed,
    not_found,
)
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.state import State


def _get_configuration(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    return {"AssignmentRequired": application(state, asked).assignment_required}


def _put_configuration(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    application(state, asked).assignment_required = asked["AssignmentRequired"]
    return {}


def _create(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    found = application(state, asked)
    check_principal(state, asked)
    if asked["PrincipalId"] in found.assigned:
        raise Refusal("ConflictException", "The assignment exists")
    found.assigned.add(asked["PrincipalId"])
    return {}


def _delete(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    found = application(state, asked)
    if asked["PrincipalId"] not in found.assigned:
        raise not_found("Assignment")
    found.assigned.discard(asked["PrincipalId"])
    return {}


def _describe(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    """Describe a direct assignment: one by a group is not found, which AWS warns of."""
    found = application(state, asked)
    if asked["PrincipalId"] not in found.assigned:
        raise not_found("Assignment")
    return _assignment(state, found.arn, asked["PrincipalId"])


def _list(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    found = application(state, asked)
    items = [_assignment(state, found.arn, principal_id) for principal_id in sorted(found.assigned)]
    return listed(state, "ApplicationAssignments", items, asked)


def _list_for_principal(state: State, _signer: Signer | None, asked: Parameters) -> Parameters:
    """List what a user may use, by groups too."""
    check_instance(state, asked)
    check_principal(state, asked)
    reach = state.directory.reach(asked["PrincipalId"])
    wanted = asked.get("Filter", {}).get("ApplicationArn")
    items = [
        _assignment(state, each.arn, principal_id)
        for each in state.directory.applications
        if wanted in (None, each.arn)
        for principal_id in sorted(each.assigned & reach)
    ]
    return listed(state, "ApplicationAssignments", items, asked)


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
