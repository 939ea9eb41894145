"""GetDataAccess of S3 Access Grants, for identity-enhanced sessions."""

from oidc_helper.emulator.aws.credentials import described, role_session
from oidc_helper.emulator.aws.endpoint import Service, required
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import Role, S3Grant
from oidc_helper.emulator.state import State

_SERVICE = Service("s3control", invalid="InvalidRequest")
_DURATION_S = 3600


def _get_data_access(state: State, signer: Signer | None, asked: Parameters) -> Parameters:
    caller = required(signer).credentials
    account_id, target = asked["AccountId"], asked["Target"]
    user_id = caller.context.user_id if caller.context and account_id == caller.account_id else None
    grant = next(
        (grant for grant in state.directory.s3_grants if grant.user_id == user_id and _covers(grant, asked)), None
    )
    if grant is None:
        text = f"You do not have {asked['Permission']} permissions to the requested S3 Prefix: {target}"
        raise Refusal("AccessDenied", text)
    role = Role(f"arn:aws:iam::{account_id}:role/access-grants-location", "AROAACCESSGRANTSROLE1")
    credentials = role_session(state, role, "access-grants", asked.get("DurationSeconds", _DURATION_S), caller.context)
    return {
        "Credentials": described(credentials),
        "MatchedGrantTarget": target if asked.get("Privilege") == "Minimal" else grant.scope,
        "Grantee": {"GranteeType": "DIRECTORY_USER", "GranteeIdentifier": grant.user_id},
    }


def _covers(grant: S3Grant, asked: Parameters) -> bool:
    """Whether the grant allows the access; scope and target are prefixes if they end with an asterisk."""
    scope, target = grant.scope, asked["Target"]
    inside = target.startswith(scope.removesuffix("*")) if scope.endswith("*") else target == scope
    return inside and grant.permission in (asked["Permission"], "READWRITE")


ROUTES = _SERVICE.route("GetDataAccess", _get_data_access)
