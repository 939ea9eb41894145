"""The flags of a plan: those of `configure`, and some of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from oidc_helper.configure.flags import FLAGS as OF_CONFIGURE
from oidc_helper.configure.flags import Flag
from oidc_helper.errors import WrongSettings

SERVICES = {"redshift": "redshift:connect"}
"""What --for names, and the scope that the application needs for it."""

# The flags of `configure` that a plan depends on; it takes the others too, and they change nothing.
_USED = (
    *("--source", "--issuer", "--client-id", "--assertion", "--audience"),
    *("--application-arn", "--application-scopes", "--identity-center-region"),
    *("--caller-role", "--caller-profile", "--caller-environment"),
    *("--role-arn", "--account-access", "--account-id", "--permission-set"),
    *("--s3-grant-target", "--s3-grant-permission", "--s3-grant-account-id", "--region"),
)
_TARGET = ("role_arn", "account_access", "account_id", "permission_set", "s3_grant_target", "s3_grant_permission")
_HELP = "oidc-helper doctor --help"
_CALLER = ("caller_role", "caller_profile", "caller_environment")


class OwnFlag(NamedTuple):
    """A flag that only plans have."""

    name: str
    meaning: str
    metavar: str
    choices: tuple[str, ...] | None = None


OWN = (
    OwnFlag("--for", "a service to use the credentials with: redshift", "SERVICE", tuple(SERVICES)),
    OwnFlag("--group", "the group of Identity Center that may sign in (default: every user)", "NAME"),
    OwnFlag("--claim", "the claim of the identity token that identifies the user (default: email)", "CLAIM"),
    OwnFlag("--attribute", "the user's attribute that must equal the claim (default: emails.value)", "ATTRIBUTE"),
)


def is_used_by_plans(flag: Flag) -> bool:
    """Whether a plan depends on it."""
    return flag.name in _USED


def are_given(options: Mapping[str, Any]) -> bool:
    """Whether a command line has any flag of a plan."""
    names = [*(flag.name for flag in OWN), *(flag.name for flag in OF_CONFIGURE)]
    return any(options.get(name) not in (None, False) for name in names)


def values_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """The values for a plan on a command line. Raises WrongSettings with all problems."""
    from oidc_helper.configure.answers import value_of
    from oidc_helper.settings.checks import UnfitError

    values = {_key(flag.name): options[flag.name] for flag in OWN if options.get(flag.name)}
    problems = []
    for flag in OF_CONFIGURE:
        text = options.get(flag.name)
        if text in (None, False):
            continue
        try:
            values[_key(flag.name)] = True if text is True else value_of(flag.part or flag.key, str(text))
        except UnfitError as error:
            problems.append(f"{flag.name} {error}")
    if problems:
        raise WrongSettings(f"wrong flags: {'; '.join(problems)}", _HELP, lines=["wrong flags:", *problems])
    if "for" in values:
        values["for"] = (values["for"],)
    return values


def refuse(problems: Sequence[str]) -> None:
    """Raise WrongSettings if there are any problems; at a terminal they are shown as a list."""
    if problems:
        raise WrongSettings(
            f"no plan can be made: {'; '.join(problems)}", _HELP, lines=["no plan can be made:", *problems]
        )


def over(values: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """The values of flags over those of a profile; a target or a caller in the flags displaces all of the profile's."""
    displaced = {key for group in (_TARGET, _CALLER) if any(key in values for key in group) for key in group}
    if "client_id" in values or "audience" in values:
        displaced |= {"client_id", "audience", "assertion"}
    return {key: value for key, value in profile.items() if key not in displaced} | dict(values)


def _key(name: str) -> str:
    return name.strip("-").replace("-", "_")
