"""Permission sets and account assignments, which exist in the primary region only."""

import json
import re
import uuid

from oidc_helper.emulator.aws import policies
from oidc_helper.emulator.aws.endpoint import Perform, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import (
    SERVICE,
    check_instance,
    check_principal,
    kind_of,
    listed,
    not_found,
)
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT, Assignment, PermissionSet
from oidc_helper.emulator.keys import hexadecimal, upper
from oidc_helper.emulator.state import State

_HOUR_S = 3600


def _create(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    if parameters["Name"] in state.directory.permission_sets:
        raise Refusal("ConflictException", "A permission set with that name exists")
    duration_s = _seconds(parameters.get("SessionDuration", "PT1H"))
    created = PermissionSet(parameters["Name"], hexadecimal(16), "AROA" + upper(17), duration_s)
    state.directory.permission_sets[created.name] = created
    return {"PermissionSet": _described(state, created)}


def _describe(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return {"PermissionSet": _described(state, _permission_set(state, parameters))}


def _list(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    arns = [_arn(state, each) for each in state.directory.permission_sets.values()]
    return listed(state, "PermissionSets", arns, parameters)


def _attach_managed_policy(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    permission_set = _permission_set(state, parameters)
    if parameters["ManagedPolicyArn"] in permission_set.attached:
        raise Refusal("ConflictException", "The policy is attached already")
    permission_set.attached.add(parameters["ManagedPolicyArn"])
    return {}


def _put_inline_policy(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    if mistakes := policies.mistakes(parameters["InlinePolicy"]):
        raise Refusal(SERVICE.invalid, mistakes[0])
    _permission_set(state, parameters).inline_policy = json.loads(parameters["InlinePolicy"])
    return {}


def _create_assignment(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    if not state.directory.instance.permission_sets_enabled:
        raise Refusal(SERVICE.invalid, "Permission sets are not enabled for the instance")
    permission_set, account_id = _permission_set(state, parameters), parameters["TargetId"]
    check_principal(state, parameters)
    _check_account(state, account_id)
    state.directory.assignments.add(Assignment(parameters["PrincipalId"], account_id, permission_set.name))
    return {"AccountAssignmentCreationStatus": _status(parameters, str(uuid.uuid4()))}


def _describe_creation(_state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    request_id = parameters["AccountAssignmentCreationRequestId"]
    return {"AccountAssignmentCreationStatus": {"Status": "SUCCEEDED", "RequestId": request_id}}


def _delete_assignment(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    permission_set = _permission_set(state, parameters)
    state.directory.assignments.discard(
        Assignment(parameters["PrincipalId"], parameters["TargetId"], permission_set.name)
    )
    return {"AccountAssignmentDeletionStatus": _status(parameters, str(uuid.uuid4()))}


def _list_assignments(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    permission_set = _permission_set(state, parameters)
    _check_account(state, parameters["AccountId"])
    items = [
        _assignment(state, each)
        for each in sorted(state.directory.assignments, key=_order)
        if (each.account_id, each.permission_set) == (parameters["AccountId"], permission_set.name)
    ]
    return listed(state, "AccountAssignments", items, parameters)


def _list_for_principal(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    """List the assignments of a user, including those of their groups."""
    check_principal(state, parameters)
    reach, account_id = state.directory.reach(parameters["PrincipalId"]), parameters.get("Filter", {}).get("AccountId")
    items = [
        _assignment(state, each)
        for each in sorted(state.directory.assignments, key=_order)
        if each.user_id in reach and account_id in (None, each.account_id)
    ]
    return listed(state, "AccountAssignments", items, parameters)


def _provision(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    _permission_set(state, parameters)
    status = {"Status": "SUCCEEDED", "RequestId": str(uuid.uuid4()), "PermissionSetArn": parameters["PermissionSetArn"]}
    return {"PermissionSetProvisioningStatus": status}


def _permission_set(state: State, parameters: Parameters) -> PermissionSet:
    arn = parameters["PermissionSetArn"]
    permission_set = next((each for each in state.directory.permission_sets.values() if _arn(state, each) == arn), None)
    if permission_set is None:
        raise not_found("Permission set")
    return permission_set


def _check_account(state: State, account_id: str) -> None:
    if account_id not in {account.account_id for account in state.directory.accounts}:
        raise not_found("Account")


def _arn(state: State, permission_set: PermissionSet) -> str:
    return f"arn:aws:sso:::permissionSet/{state.directory.instance.name}/ps-{permission_set.suffix}"


def _described(state: State, permission_set: PermissionSet) -> Parameters:
    session_s = permission_set.session_s
    return {
        "Name": permission_set.name,
        "PermissionSetArn": _arn(state, permission_set),
        "CreatedDate": CREATED_AT,
        "SessionDuration": f"PT{session_s // 60}M" if session_s % _HOUR_S else f"PT{session_s // _HOUR_S}H",
    }


def _seconds(duration: str) -> int:
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", duration)
    seconds = (
        sum(int(number or 0) * unit for number, unit in zip(match.groups(), (3600, 60), strict=True)) if match else 0
    )
    if not _HOUR_S <= seconds <= 12 * _HOUR_S:
        raise Refusal(SERVICE.invalid, "The session duration must be from 1 to 12 hours")
    return seconds


def _assignment(state: State, each: Assignment) -> Parameters:
    return {
        "AccountId": each.account_id,
        "PermissionSetArn": _arn(state, state.directory.permission_sets[each.permission_set]),
        "PrincipalId": each.user_id,
        "PrincipalType": kind_of(state, each.user_id),
    }


def _status(parameters: Parameters, request_id: str) -> Parameters:
    members = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")
    return {"Status": "IN_PROGRESS", "RequestId": request_id, **{name: parameters[name] for name in members}}


def _order(each: Assignment) -> tuple[str, str, str]:
    return each.account_id, each.permission_set, each.user_id


def _in_primary_region(perform: Perform) -> Perform:
    def performed(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
        check_instance(state, parameters)
        primary = state.directory.identity_center_region
        if required(signer).region != primary:
            raise Refusal(SERVICE.invalid, f"The operation is supported in the primary Region only, which is {primary}")
        return perform(state, signer, parameters)

    return performed


OPERATIONS: dict[str, Perform] = {
    name: _in_primary_region(perform)
    for name, perform in {
        "CreatePermissionSet": _create,
        "DescribePermissionSet": _describe,
        "ListPermissionSets": _list,
        "AttachManagedPolicyToPermissionSet": _attach_managed_policy,
        "PutInlinePolicyToPermissionSet": _put_inline_policy,
        "CreateAccountAssignment": _create_assignment,
        "DescribeAccountAssignmentCreationStatus": _describe_creation,
        "DeleteAccountAssignment": _delete_assignment,
        "ListAccountAssignments": _list_assignments,
        "ListAccountAssignmentsForPrincipal": _list_for_principal,
        "ProvisionPermissionSet": _provision,
    }.items()
}
