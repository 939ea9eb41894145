"""Account access manager's runtime: the roles that it gives to a person, and the credentials of one role.

It takes Identity Center's access token as a bearer token. Sources: botocore's service model and the API reference, both
of November 2026; how the service behaves beyond them is not known.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from oidc_helper.aws.credentials import Credentials
from oidc_helper.errors import OidcHelperError, TryAgain
from oidc_helper.settings import Profile

SERVICE = "account-access-runtime"  # botocore's name for it
SETUP = "account-access"  # and for the service for administrators
_FIRST = "1.43.127"  # the first botocore with its model

_T = TypeVar("_T")


class Ask(Protocol):
    """A function that makes a call with the access token: see `Aws.account_access` and `Aws.portal`."""

    def __call__(self, operation: str, read: Callable[[dict[str, Any]], _T], /, **parameters: Any) -> _T:
        """Make the call, and return the value that `read` takes from the answer. Raises OidcHelperError."""


class GivenRole(NamedTuple):
    """A role that the person may open; the account's name is empty if the service does not know it."""

    account_id: str
    account_name: str
    role_arn: str


def require_model() -> None:
    """Raise OidcHelperError if botocore is too old to know the service; botocore is not imported for this."""
    botocore = find_spec("botocore")
    places = (botocore.submodule_search_locations if botocore else None) or ()
    if not any(Path(place, "data", SERVICE).is_dir() for place in places):
        from importlib.metadata import version

        raise OidcHelperError(
            f"account_access needs botocore {_FIRST} or newer, and {version('botocore')} is installed",
            "upgrade it where oidc-helper is installed: pip install --upgrade boto3",
        )


def credentials(ask: Ask, profile: Profile, session_name: str) -> Credentials:
    """The credentials of the profile's role. Raises OidcHelperError."""
    role_arn = str(profile.role_arn)
    return ask(
        "GetRoleCredentials",
        partial(_credentials, role_arn.split(":")[4]),
        tenantId=profile.account_access,
        roleArn=role_arn,
        accessType="PROGRAMMATIC_ACCESS",
        sessionName=session_name,
        sessionDuration=profile.duration_seconds,
    )


def roles(ask: Ask, tenant_id: str) -> Iterator[GivenRole]:
    """The roles that a tenant gives to the person, page by page as they arrive. Raises OidcHelperError."""
    page, token = ask("ListRoles", _page, tenantId=tenant_id)
    yield from page
    while token:
        previous = token
        page, token = ask("ListRoles", _page, tenantId=tenant_id, nextToken=previous)
        if token == previous:
            raise TryAgain(f"{SERVICE} ListRoles gives the same page again and again", "try again in a while")
        yield from page


def _page(answer: Mapping[str, Any]) -> tuple[list[GivenRole], str]:
    roles = [GivenRole(role["accountId"], role.get("accountName") or "", role["roleArn"]) for role in answer["roles"]]
    token = answer.get("nextToken") or ""
    if not all(isinstance(text, str) for text in (token, *(text for role in roles for text in role))):
        raise TypeError
    return roles, token


def _credentials(account_id: str, answer: Mapping[str, Any]) -> Credentials:
    keys = answer["credentialsDetails"]["programmaticAccess"]
    expires_at = int(keys["expiresAt"].timestamp())
    return Credentials(
        keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"], expires_at, account_id
    ).checked()
