"""The flags of a plan: those of `configure` that a set-up depends on, and some of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.checks import UnfitError
from oidc_helper.settings.schema import KEYS, Key

SERVICES = {"redshift": "redshift:connect"}
"""What --for names, and the scope that the application needs for it."""

# Flag -> section and key of the settings, and its value in a word.
_OF_SETTINGS = {
    "--source": ("identity", "source", "SOURCE"),
    "--issuer": ("identity", "issuer", "URL"),
    "--client-id": ("identity", "client_id", "ID"),
    "--assertion": ("identity", "assertion", "TOKEN"),
    "--audience": ("identity", "audience", "AUDIENCE"),
    "--application-arn": ("profile", "application_arn", "ARN"),
    "--identity-center-region": ("profile", "identity_center_region", "REGION"),
    "--caller-role": ("caller", "web_identity_role_arn", "ARN"),
    "--caller-profile": ("caller", "profile", "NAME"),
    "--caller-environment": ("caller", "environment", ""),
    "--role-arn": ("profile", "role_arn", "ARN"),
    "--account-access": ("profile", "account_access", "TENANT"),
    "--account-id": ("profile", "account_id", "ID"),
    "--permission-set": ("profile", "permission_set", "NAME"),
    "--s3-grant-target": ("s3_grant", "target", "URI"),
    "--s3-grant-permission": ("s3_grant", "permission", "PERMISSION"),
    "--s3-grant-account-id": ("s3_grant", "account_id", "ID"),
    "--region": ("profile", "region", "REGION"),
}
_TARGET = ("role_arn", "account_access", "account_id", "permission_set", "s3_grant_target", "s3_grant_permission")
_CALLER = ("caller_role", "caller_profile", "caller_environment")


class Flag(NamedTuple):
    """A flag; without a `key` of the settings it is of the plan alone. One without a metavar takes no value."""

    name: str
    meaning: str
    metavar: str
    key: Key | None = None
    choices: tuple[str, ...] = ()

    @property
    def dest(self) -> str:
        """Its name among the options and the values of a plan."""
        return self.name.strip("-").replace("-", "_")


FLAGS: tuple[Flag, ...] = (
    Flag("--for", "a service to use the credentials with: redshift", "SERVICE", choices=tuple(SERVICES)),
    Flag("--group", "the group of Identity Center that may sign in (default: every user)", "NAME"),
    Flag("--claim", "the claim of the identity token that tells the user (default: email)", "CLAIM"),
    Flag("--attribute", "the user's attribute that equals the claim (default: emails.value)", "ATTRIBUTE"),
    *(
        Flag(name, key.meaning, metavar, key)
        for name, (section, wanted, metavar) in _OF_SETTINGS.items()
        for key in KEYS[section]
        if key.name == wanted
    ),
)


def are_given(options: Mapping[str, Any]) -> bool:
    """Whether a command line has any of them."""
    return any(options.get(flag.dest) not in (None, False) for flag in FLAGS)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a plan that a command line has. Raises WrongSettings with one problem a line."""
    values: dict[str, Any] = {}
    problems = []
    for flag in FLAGS:
        text = options.get(flag.dest)
        if text in (None, False):
            continue
        try:
            values[flag.dest] = flag.key.check(text) if flag.key else text
        except UnfitError as error:
            problems.append(f"{flag.name} {error}")
    refuse(problems)
    if "for" in values:
        values["for"] = (values["for"],)
    return values


def refuse(problems: Sequence[str]) -> None:
    """Raise WrongSettings if there are any: a list of them at a terminal."""
    if problems:
        raise WrongSettings("; ".join(problems), "oidc-helper doctor --help", lines=problems)


def over(values: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """The values of flags over those of a profile; a target or a caller of their own displaces the profile's."""
    displaced = {key for group in (_TARGET, _CALLER) if any(key in values for key in group) for key in group}
    if "client_id" in values or "audience" in values:
        displaced |= {"client_id", "audience", "assertion"}
    return {key: value for key, value in profile.items() if key not in displaced} | dict(values)
