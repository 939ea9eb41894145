"""The questions in a person's words, by section and key; the question for any other key is its meaning."""

from collections.abc import Mapping

from oidc_helper.settings.schema import SOURCES, Key

START = "Address of your AWS access portal or ARN of the application, if you have one"
START_OR_COPY = "Address of your AWS access portal, ARN of the application, or a profile to copy, if you have one"
IDENTITY, ANOTHER_IDENTITY = "Identity", "another one"
SOURCE = "Where the identity token comes from"
CALLER, CALLER_PROFILE = "Who signs the call for tokens", "AWS profile that signs"
TARGET = "What the credentials are for"
NAME = "Name of the profile"

_OF_KEYS: Mapping[tuple[str, str], str] = {
    ("identity", "issuer"): "Issuer URL",
    ("identity", "client_id"): "Client ID",
    ("identity", "path"): "File with the identity token",
    ("identity", "variable"): "Variable with the identity token",
    ("identity", "command"): "Command that prints the identity token",
    ("identity", "audience"): "Audience of the identity token",
    ("identity", "profile"): "Profile whose access token is exchanged",
    ("profile", "application_arn"): "ARN of the Identity Center application",
    ("profile", "identity_center_region"): "Region of Identity Center",
    ("profile", "role_arn"): "ARN of the role",
    ("profile", "account_id"): "Account ID",
    ("profile", "permission_set"): "Permission set",
    ("profile", "region"): "AWS region to work in",
    ("caller", "web_identity_role_arn"): "ARN of the role that signs",
    ("s3_grant", "target"): "S3 location, as s3://BUCKET/PREFIX*",
    ("s3_grant", "permission"): "READ, WRITE or READWRITE",
}

_OF_SOURCES = {"identity-center": "a sign-in there, not for customer managed applications"}  # see oidc-helper-config(5)

# The kinds of caller in a person's words, and their keys.
CALLERS = (
    ("a role that the identity token opens: no AWS key", "web_identity_role_arn"),
    ("an AWS profile", "profile"),
    ("the environment, container or instance", "environment"),
)
# The targets to choose from besides those that were found by looking, and the keys that they take.
TARGETS = (
    ("another role, by its ARN", ("role_arn",)),
    ("another permission set, by account and name", ("account_id", "permission_set")),
    ("an S3 access grant, with a role", ("role_arn", "s3_grant")),
)
NO_TARGET = "nothing in AWS: only tokens"


def of(section: str, key: Key) -> str:
    """The question for a key."""
    return _OF_KEYS.get((section, key.name)) or key.meaning[:1].upper() + key.meaning[1:]


def of_source(name: str) -> str:
    """What an identity source is, in a few words."""
    return _OF_SOURCES.get(name, SOURCES[name].meaning)
