"""GetDataAccess of S3 Access Grants, for identity-enhanced sessions."""

from oidc_helper.emulator.aws import documents
from oidc_helper.emulator.aws.credentials import described, role_session
from oidc_helper.emulator.aws.endpoint import Service, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import S3Grant
from oidc_helper.emulator.state import State

_SERVICE = Service("s3control", invalid="InvalidRequest")
_DURATION_S = 3600
_TRUSTED = "access-grants.s3.amazonaws.com"  # the service that assumes the role of a location


def _get_data_access(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
    caller, directory = required(signer).credentials, state.directory
    account_id, target = parameters["AccountId"], parameters["Target"]
    access_grants = directory.access_grants if account_id == directory.instance.owner_account_id else None
    reach = (
        directory.reach(caller.context.user_id)
        if caller.context and access_grants and access_grants.identity_center_arn
        else set()
    )
    application_arn = caller.context.application_arn if caller.context else ""
    grant = next(
        (
            grant
            for grant in directory.s3_grants
            if grant.user_id in reach
            and grant.application_arn in ("ALL", application_arn)
            and _covers(grant, parameters)
        ),
        None,
    )
    if access_grants is None or grant is None:
        text = f"You do not have {parameters['Permission']} permissions to the requested S3 Prefix: {target}"
        raise Refusal("AccessDenied", text)
    role = directory.role(access_grants.locations[grant.location_id][1])
    if role is None or not documents.trusts_service(directory, role, _TRUSTED):
        text = f"User: {_TRUSTED} is not authorized to perform: sts:AssumeRole on resource: {role.arn if role else ''}"
        raise Refusal("StsNotAuthorizedError", text, status=403)
    credentials = role_session(
        state, role, "access-grants", parameters.get("DurationSeconds", _DURATION_S), caller.context
    )
    kind = "DIRECTORY_GROUP" if directory.group(grant.user_id) else "DIRECTORY_USER"
    return {
        "Credentials": described(credentials),
        "MatchedGrantTarget": target if parameters.get("Privilege") == "Minimal" else grant.scope,
        "Grantee": {"GranteeType": kind, "GranteeIdentifier": grant.user_id},
    }


def _covers(grant: S3Grant, parameters: Parameters) -> bool:
    """Whether the grant allows the access. Scope and target are prefixes if they end with an asterisk."""
    scope, target = grant.scope, parameters["Target"]
    inside = target.startswith(scope.removesuffix("*")) if scope.endswith("*") else target == scope
    return inside and grant.permission in (parameters["Permission"], "READWRITE")


ROUTES = _SERVICE.route("GetDataAccess", _get_data_access)
