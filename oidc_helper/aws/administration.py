"""Read AWS's side as an administrator: each call is made once, with all of its pages, and names the action it needs.

Nothing here changes anything. Sources: the service models, for the operations and their members; the service
authorization reference, for the actions.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from oidc_helper.aws import account_access, refusals
from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.errors import Refused

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedException", "UnauthorizedOperation"}
_ABSENT = {
    "AccessGrantsInstanceNotExistsError",
    "NoSuchAccessGrantsLocationError",
    "NoSuchEntity",
    "NoSuchEntityException",
    "ResourceNotFoundException",
}
_MARKS = ("NextToken", "nextToken", "Marker")  # of the next page, in answers and requests
_MOST_PAGES = 200
# botocore's name of a service -> the prefix of its actions.
_PREFIXES = {
    "sts": "sts",
    "sso-admin": "sso",
    "identitystore": "identitystore",
    "iam": "iam",
    "s3control": "s3",
    account_access.SETUP: "account-access",
}


class Read(NamedTuple):
    """An operation of a service (botocore's names) that changes nothing; `listed` is the member that comes in pages."""

    service: str
    operation: str
    listed: str = ""

    @property
    def action(self) -> str:
        """The action that an identity policy must allow for it."""
        return f"{_PREFIXES[self.service]}:{self.operation}"


CALLER = Read("sts", "GetCallerIdentity")
INSTANCES = Read("sso-admin", "ListInstances", "Instances")
INSTANCE = Read("sso-admin", "DescribeInstance")
REGIONS = Read("sso-admin", "ListRegions", "Regions")
APPLICATION = Read("sso-admin", "DescribeApplication")
ACTORS = Read("sso-admin", "GetApplicationAuthenticationMethod")
GRANTS = Read("sso-admin", "ListApplicationGrants", "Grants")
SCOPES = Read("sso-admin", "ListApplicationAccessScopes", "Scopes")
SESSIONS = Read("sso-admin", "GetApplicationSessionConfiguration")
ISSUER = Read("sso-admin", "DescribeTrustedTokenIssuer")
ISSUERS = Read("sso-admin", "ListTrustedTokenIssuers", "TrustedTokenIssuers")
ASSIGNMENT_RULE = Read("sso-admin", "GetApplicationAssignmentConfiguration")
ASSIGNMENTS_OF_USER = Read("sso-admin", "ListApplicationAssignmentsForPrincipal", "ApplicationAssignments")
ASSIGNMENTS = Read("sso-admin", "ListApplicationAssignments", "ApplicationAssignments")
PERMISSION_SETS = Read("sso-admin", "ListPermissionSets", "PermissionSets")
PERMISSION_SET = Read("sso-admin", "DescribePermissionSet")
ACCOUNT_ASSIGNMENTS = Read("sso-admin", "ListAccountAssignmentsForPrincipal", "AccountAssignments")
USER_ID = Read("identitystore", "GetUserId")
USER = Read("identitystore", "DescribeUser")
GROUP = Read("identitystore", "DescribeGroup")
GROUPS_OF_USER = Read("identitystore", "ListGroupMembershipsForMember", "GroupMemberships")
OIDC_PROVIDERS = Read("iam", "ListOpenIDConnectProviders")
OIDC_PROVIDER = Read("iam", "GetOpenIDConnectProvider")
ROLE = Read("iam", "GetRole")
SIMULATION = Read("iam", "SimulatePrincipalPolicy", "EvaluationResults")
GRANTS_INSTANCE = Read("s3control", "GetAccessGrantsInstance")
GRANT_LOCATIONS = Read("s3control", "ListAccessGrantsLocations", "AccessGrantsLocationsList")
ACCESS_GRANTS = Read("s3control", "ListAccessGrants", "AccessGrantsList")
TENANTS = Read(account_access.SETUP, "ListApplications", "applications")
TENANT = Read(account_access.SETUP, "GetApplication")
ENTITLEMENTS = Read(account_access.SETUP, "ListEntitlements", "entitlements")


class Denied(Refused):
    """The administrator may not make a call; `action` is what a policy would have to allow."""

    def __init__(self, read: Read, error: Refused) -> None:
        super().__init__(error.message, error.hint, code=error.code)
        self.action = read.action


class Administrator:
    """Reads with an administrator's credentials; each call is made once."""

    def __init__(self, aws: Aws, credentials: Credentials, region: str) -> None:
        self._aws = aws
        self._credentials = credentials
        self._region = region
        self._answers: dict[str, Any] = {}

    def get(self, read: Read, *, region: str = "", **parameters: Any) -> Mapping[str, Any] | None:
        """The answer, None if the resource does not exist. Raises Denied and OidcHelperError."""
        region = region or self._region
        key = repr((read, region, sorted(parameters.items())))
        if key not in self._answers:
            self._answers[key] = self._ask(read, region, parameters)
        answer: Mapping[str, Any] | Exception | None = self._answers[key]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def all(self, read: Read, *, region: str = "", **parameters: Any) -> list[Any] | None:
        """The entries of all pages, None if the resource they belong to does not exist. Raises as above."""
        entries: list[Any] = []
        for _ in range(_MOST_PAGES):
            answer = self.get(read, region=region, **parameters)
            if answer is None:
                return None
            entries += answer.get(read.listed) or []
            marks = {mark: answer[mark] for mark in _MARKS if answer.get(mark)}
            if not marks:
                return entries
            parameters |= marks
        raise refusals.unreadable(read.operation, "AWS")  # an endless list

    def _ask(self, read: Read, region: str, parameters: Mapping[str, Any]) -> Any:
        if read.service == account_access.SETUP:
            account_access.require_model()
        try:
            return self._aws.read_as(self._credentials, read.service, read.operation, region, **parameters)
        except Refused as error:
            if error.code in _ABSENT:
                return None
            return Denied(read, error) if error.code in _DENIED else error
