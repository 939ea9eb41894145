"""S3 Access Grants for administrators: the instance, its locations and its grants."""

import uuid

from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT, AccessGrants, S3Grant
from oidc_helper.emulator.state import State

SERVICE = Service("s3control", invalid="InvalidRequest", actions="s3")
_MOST = 1000  # entries of a page
_DEFAULT_SCOPE = "s3://"


def _create_instance(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    directory = state.directory
    _check_account(state, signer, parameters)
    if directory.access_grants:
        raise Refusal("AccessGrantsInstanceAlreadyExists", "Access Grants Instance already exists", status=409)
    directory.access_grants = AccessGrants(_identity_center(state, parameters.get("IdentityCenterArn", "")))
    return _instance(state, signer, parameters)


def _get_instance(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _existing(state, signer, parameters)
    return _instance(state, signer, parameters)


def _get_instance_for_prefix(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _existing(state, signer, parameters)
    described = _instance(state, signer, parameters)
    return {name: described[name] for name in ("AccessGrantsInstanceArn", "AccessGrantsInstanceId")}


def _associate(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _existing(state, signer, parameters).identity_center_arn = _identity_center(state, parameters["IdentityCenterArn"])
    return {}


def _create_location(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    access_grants, scope = _existing(state, signer, parameters), parameters["LocationScope"]
    if scope in {location_scope for location_scope, _ in access_grants.locations.values()}:
        raise Refusal("AccessGrantsLocationAlreadyExistsError", "Access Grants Location already exists", status=409)
    if state.directory.role(parameters["IAMRoleArn"]) is None:
        raise Refusal("InvalidIamRole", "The specified IAM Role is invalid")
    location_id = "default" if scope == _DEFAULT_SCOPE else str(uuid.uuid4())
    access_grants.locations[location_id] = (scope, parameters["IAMRoleArn"])
    return _location(_arn(signer, parameters), location_id, scope, parameters["IAMRoleArn"])


def _list_locations(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    access_grants, arn = _existing(state, signer, parameters), _arn(signer, parameters)
    items = [
        _location(arn, location_id, scope, role_arn)
        for location_id, (scope, role_arn) in access_grants.locations.items()
        if parameters.get("LocationScope", scope) == scope
    ]
    return _page(state, "AccessGrantsLocationsList", items, parameters)


def _create_grant(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    access_grants, location_id, grantee = (
        _existing(state, signer, parameters),
        parameters["AccessGrantsLocationId"],
        parameters["Grantee"],
    )
    if location_id not in access_grants.locations:
        raise Refusal("NoSuchAccessGrantsLocationError", "Access Grants Location does not exist", status=404)
    if grantee.get("GranteeType") == "IAM":
        raise Refusal("InvalidAccessGrant", "Grants to IAM principals are not modelled here")
    if not access_grants.identity_center_arn:
        raise Refusal(
            "InvalidIdentityCenterInstance", "The instance is not associated with an Identity Center instance"
        )
    directory, identity = state.directory, grantee.get("GranteeIdentifier", "")
    is_user = grantee.get("GranteeType") == "DIRECTORY_USER"
    if not (directory.user(user_id=identity) if is_user else directory.group(identity)):
        raise Refusal("InvalidAccessGrant", "The grantee does not exist")
    prefix = parameters.get("AccessGrantsLocationConfiguration", {}).get("S3SubPrefix", "")
    scope = access_grants.locations[location_id][0] + prefix
    if scope == _DEFAULT_SCOPE:
        raise Refusal("InvalidAccessGrant", "A grant below the default location needs a sub-prefix")
    grant = S3Grant(identity, scope, parameters["Permission"], location_id, parameters.get("ApplicationArn", "ALL"))
    if grant in directory.s3_grants:
        raise Refusal("AccessGrantAlreadyExists", "Access Grant already exists", status=409)
    directory.s3_grants.append(grant)
    return _grant(state, signer, parameters, grant)


def _list_grants(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    _existing(state, signer, parameters)
    items = [
        described
        for described in (_grant(state, signer, parameters, grant) for grant in state.directory.s3_grants)
        if parameters.get("GranteeIdentifier", described["Grantee"]["GranteeIdentifier"])
        == described["Grantee"]["GranteeIdentifier"]
        and parameters.get("GranteeType", described["Grantee"]["GranteeType"]) == described["Grantee"]["GranteeType"]
        and parameters.get("Permission", described["Permission"]) == described["Permission"]
        and parameters.get("GrantScope", described["GrantScope"]) == described["GrantScope"]
    ]
    return _page(state, "AccessGrantsList", items, parameters)


def _existing(state: State, signer: Signer | None, parameters: Parameters) -> AccessGrants:
    """The instance of the account; it exists in the primary region only. Raises Refusal."""
    _check_account(state, signer, parameters)
    access_grants = state.directory.access_grants
    if access_grants is None or required(signer).region != state.directory.identity_center_region:
        raise Refusal("AccessGrantsInstanceNotExistsError", "Access Grants Instance does not exist", status=404)
    return access_grants


def _check_account(state: State, signer: Signer | None, parameters: Parameters) -> None:
    accounts = {required(signer).credentials.account_id, state.directory.instance.owner_account_id}
    if accounts != {parameters["AccountId"]}:
        raise Refusal("AccessDenied", "Access Denied", status=403)


def _identity_center(state: State, arn: str) -> str:
    if arn not in ("", state.directory.instance.arn):
        raise Refusal("InvalidIdentityCenterInstance", "The Identity Center instance does not exist")
    return arn


def _arn(signer: Signer | None, parameters: Parameters) -> str:
    return f"arn:aws:s3:{required(signer).region}:{parameters['AccountId']}:access-grants/default"


def _instance(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    access_grants = state.directory.access_grants
    described = {
        "CreatedAt": CREATED_AT,
        "AccessGrantsInstanceId": "default",
        "AccessGrantsInstanceArn": _arn(signer, parameters),
    }
    if access_grants and access_grants.identity_center_arn:
        instance = state.directory.instance
        application_arn = f"arn:aws:sso::{instance.owner_account_id}:application/{instance.name}/apl-{'5' * 16}"
        described |= {
            "IdentityCenterArn": application_arn,
            "IdentityCenterInstanceArn": access_grants.identity_center_arn,
            "IdentityCenterApplicationArn": application_arn,
        }
    return described


def _location(arn: str, location_id: str, scope: str, role_arn: str) -> Parameters:
    return {
        "CreatedAt": CREATED_AT,
        "AccessGrantsLocationId": location_id,
        "AccessGrantsLocationArn": f"{arn}/location/{location_id}",
        "LocationScope": scope,
        "IAMRoleArn": role_arn,
    }


def _grant(state: State, signer: Signer | None, parameters: Parameters, grant: S3Grant) -> Parameters:
    grant_id = str(uuid.uuid5(uuid.NAMESPACE_URL, repr(grant)))
    kind = "DIRECTORY_GROUP" if state.directory.group(grant.user_id) else "DIRECTORY_USER"
    locations = state.directory.access_grants.locations if state.directory.access_grants else {}
    below = grant.scope.removeprefix(locations.get(grant.location_id, ("", ""))[0])
    return {
        "CreatedAt": CREATED_AT,
        "AccessGrantId": grant_id,
        "AccessGrantArn": f"{_arn(signer, parameters)}/grant/{grant_id}",
        "Grantee": {"GranteeType": kind, "GranteeIdentifier": grant.user_id},
        "Permission": grant.permission,
        "AccessGrantsLocationId": grant.location_id,
        **({"AccessGrantsLocationConfiguration": {"S3SubPrefix": below}} if below else {}),
        "GrantScope": grant.scope,
        **({"ApplicationArn": grant.application_arn} if grant.application_arn != "ALL" else {}),
    }


def _page(state: State, name: str, items: list[Parameters], parameters: Parameters) -> Parameters:
    largest = state.directory.administrator_page or _MOST
    spellings = {"nextToken": "NextToken", "maxResults": "MaxResults"}
    parameters = {spellings.get(key, key): value for key, value in parameters.items()}
    return page(name, items, parameters, invalid=SERVICE.invalid, most=largest)


OPERATIONS: dict[str, Perform] = {
    "CreateAccessGrantsInstance": _create_instance,
    "GetAccessGrantsInstance": _get_instance,
    "GetAccessGrantsInstanceForPrefix": _get_instance_for_prefix,
    "AssociateAccessGrantsIdentityCenter": _associate,
    "CreateAccessGrantsLocation": _create_location,
    "ListAccessGrantsLocations": _list_locations,
    "CreateAccessGrant": _create_grant,
    "ListAccessGrants": _list_grants,
}
