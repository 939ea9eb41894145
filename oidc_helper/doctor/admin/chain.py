"""AWS's side of the chain as a table of checks and their reads, from the instance to the credentials' target."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Read
from oidc_helper.doctor.admin import application, assignment, center, issuers, roles, targets
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Check
from oidc_helper.settings import Profile

_ADMIN = ("administrator",)
_CENTER = ("administrator", "instance")
_FINDS_RULE = (reads.APPLICATION, reads.GRANTS, reads.ISSUER)
_FINDS_USER = (*_FINDS_RULE, reads.INSTANCE, reads.USER_ID)
_NAMES_GROUP = (reads.GROUPS_OF_USER, reads.GROUP)


class Link(NamedTuple):
    """A check, what it reads, and a key of `_HAS` for the profiles that it is for; empty for all."""

    check: Check[Audit]
    reads: tuple[Read, ...]
    only: str = ""

    def concerns(self, profile: Profile) -> bool:
        """Whether the check applies to the profile."""
        return not self.only or _HAS[self.only](profile)


_HAS: Mapping[str, Callable[[Profile], bool]] = {
    "web identity": lambda profile: bool(profile.caller.web_identity_role_arn),
    "caller of another account": lambda profile: (
        bool(profile.caller.web_identity_role_arn)
        and profile.caller.web_identity_role_arn.split(":")[4] != profile.application_arn.split(":")[4]
    ),
    "role": lambda profile: profile.target == "role",
    "permission set": lambda profile: profile.target == "permission set",
    "account access": lambda profile: profile.target == "account access",
    "grant": lambda profile: profile.s3_grant is not None,
}

LINKS: tuple[Link, ...] = (
    Link(Check("administrator", "who reads", center.administrator), ()),
    Link(
        Check("instance", "the instance of Identity Center", center.instance, needs=_ADMIN),
        (reads.INSTANCE, reads.INSTANCES),
    ),
    Link(
        Check("regions", "the regions of the settings are its regions", center.regions, needs=_CENTER), (reads.REGIONS,)
    ),
    Link(Check("network", "from where it may be called", center.network, needs=_CENTER), (reads.INSTANCE,)),
    Link(Check("key", "its key", center.key, needs=_CENTER), (reads.INSTANCE,)),
    Link(
        Check("application", "the application is there, and enabled", application.application, needs=_CENTER),
        (reads.APPLICATION,),
    ),
    Link(
        Check("actor-policy", "its actor policy admits the caller", application.actor_policy, needs=_CENTER),
        (reads.APPLICATION, reads.ACTORS),
    ),
    Link(
        Check("grant", "its grant for the profile's proof", application.grant, needs=_CENTER),
        (reads.APPLICATION, reads.GRANTS),
    ),
    Link(
        Check("refresh-token", "its grant refresh_token", application.refresh_token, needs=_CENTER),
        (reads.APPLICATION, reads.GRANTS),
    ),
    Link(
        Check("issuer", "the trusted token issuer is the person's", issuers.issuer, needs=_CENTER),
        (*_FINDS_RULE, reads.ISSUERS),
    ),
    Link(
        Check("audience", "the audience of the tokens is authorised", application.audience, needs=(*_CENTER, "issuer")),
        _FINDS_RULE,
    ),
    Link(Check("claim", "the claim that names the user", issuers.claim, needs=(*_CENTER, "issuer")), _FINDS_USER),
    Link(
        Check("user", "one user has it, and is enabled", issuers.user, needs=(*_CENTER, "claim")),
        (*_FINDS_USER, reads.USER),
    ),
    Link(
        Check("assignment", "the user is assigned to the application", assignment.assignment, needs=(*_CENTER, "user")),
        (*_FINDS_USER, reads.ASSIGNMENT_RULE, reads.ASSIGNMENTS_OF_USER, reads.ASSIGNMENTS, reads.GROUP),
    ),
    Link(
        Check("scopes", "the access scopes that the profile takes", application.scopes, needs=_CENTER),
        (reads.APPLICATION, reads.SCOPES),
    ),
    Link(
        Check("background-sessions", "sessions without the person", center.background_sessions, needs=_CENTER),
        (reads.APPLICATION, reads.SESSIONS),
    ),
    Link(
        Check("oidc-provider", "IAM knows the issuer", roles.oidc_provider, needs=_ADMIN),
        (reads.OIDC_PROVIDERS,),
        "web identity",
    ),
    Link(
        Check("client-ids", "IAM takes the audience", roles.client_ids, needs=(*_ADMIN, "oidc-provider")),
        (reads.OIDC_PROVIDER,),
        "web identity",
    ),
    Link(
        Check("caller-role", "the trust of the caller's role", roles.caller_role, needs=_ADMIN),
        (reads.ROLE,),
        "web identity",
    ),
    Link(
        Check(
            "caller-policy", "what the caller's role may do itself", roles.caller_policy, needs=(*_ADMIN, "caller-role")
        ),
        (reads.ROLE, reads.SIMULATION),
        "caller of another account",
    ),
    Link(
        Check("session-role", "the trust of the session's role", roles.session_role, needs=_ADMIN),
        (reads.ROLE,),
        "role",
    ),
    Link(
        Check("role-duration", "how long its sessions may last", roles.role_duration, needs=(*_ADMIN, "session-role")),
        (reads.ROLE,),
        "role",
    ),
    Link(
        Check(
            "permission-set", "the permission set, and whose it is", targets.permission_set, needs=(*_CENTER, "user")
        ),
        (*_FINDS_USER, reads.PERMISSION_SETS, reads.PERMISSION_SET, reads.ACCOUNT_ASSIGNMENTS, reads.GROUP),
        "permission set",
    ),
    Link(
        Check(
            "account-access",
            "the tenant, and to whom it gives the role",
            targets.account_access,
            needs=(*_ADMIN, "user"),
        ),
        (*_FINDS_USER, reads.TENANTS, reads.TENANT, reads.ENTITLEMENTS, *_NAMES_GROUP),
        "account access",
    ),
    Link(
        Check("access-grants", "the instance of S3 Access Grants", targets.access_grants, needs=_ADMIN),
        (reads.GRANTS_INSTANCE,),
        "grant",
    ),
    Link(
        Check(
            "access-grant",
            "a grant covers the target for the user",
            targets.access_grant,
            needs=(*_ADMIN, "access-grants", "user"),
        ),
        (*_FINDS_USER, reads.GRANTS_INSTANCE, reads.ACCESS_GRANTS, reads.GRANT_LOCATIONS, *_NAMES_GROUP),
        "grant",
    ),
)
CHECKS: tuple[Check[Audit], ...] = tuple(link.check for link in LINKS)


def checks_of(profile: Profile) -> list[Check[Audit]]:
    """The checks that apply to the profile."""
    return [link.check for link in LINKS if link.concerns(profile)]


def reads_of(profile: Profile | None) -> Iterator[Read]:
    """The reads of the profile's checks, or of all checks if it is None, each once."""
    chosen = (link for link in LINKS if profile is None or link.concerns(profile))
    yield from dict.fromkeys(read for link in chosen for read in link.reads)
