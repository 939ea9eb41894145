"""The table of every section and key of the configuration file: checks, `explain` and the manual follow it."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from oidc_helper.machine.trust import SYSTEM
from oidc_helper.settings import checks
from oidc_helper.settings.checks import Check

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type's name
Target = Literal["role", "account access", "permission set"]  # what credentials a profile is for


class Source(NamedTuple):
    """An identity source: the keys that it requires and takes, and the grant of CreateTokenWithIAM that it leads to."""

    meaning: str
    requires: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    grant: str = JWT_BEARER

    @property
    def gives_identity_token(self) -> bool:
        """Whether it yields an identity provider's JWT, which AssumeRoleWithWebIdentity takes too."""
        return self.grant == JWT_BEARER


class Key(NamedTuple):
    """One key: its meaning in one line, its check, and its default.

    A key that is a table names the section of its own keys in `table`; `one_of` means that it takes just one of them,
    and `why_table` is the message for a plain value in its place, where there is a better one than the usual.
    `targets` are the only kinds of target that the key serves; without any it serves all. An `own` key has no place in
    [defaults]. With `is_path`, a relative path begins at the directory of the configuration file; `words` are no paths
    but mean something else.
    """

    name: str
    meaning: str
    check: Check = checks.text
    required: bool = False
    default: Any = None
    table: str = ""
    why_table: str = ""
    one_of: bool = False
    targets: tuple[Target, ...] = ()
    own: bool = False
    is_path: bool = False
    words: tuple[str, ...] = ()


_REDIRECT = ("redirect_ports", "redirect_host", "redirect_path")
_AT_PROVIDER = ("scopes", "client_secret", "client_authentication", "assertion", "audience", "resource", "login_hint")
_PERSON = (*_AT_PROVIDER, "authorize_parameters", *_REDIRECT)

SOURCES: Mapping[str, Source] = {
    "browser": Source("a person signs in with the browser", ("issuer", "client_id"), _PERSON),
    "device": Source("a person signs in with a code, on any device", ("issuer", "client_id"), _PERSON),
    "file": Source("a file holds the identity token", ("path",)),
    "environment": Source("an environment variable holds the identity token", ("variable",)),
    "command": Source("a command prints the identity token", ("command",)),
    "ci": Source("the CI system that runs us issues the identity token", ("audience",)),
    "identity-center": Source("a person signs in at Identity Center itself", (), _REDIRECT, "authorization_code"),
    "profile": Source("the Identity Center access token of another profile", ("profile",), grant=TOKEN_EXCHANGE),
}

_IDENTITY = (
    Key("source", "where the identity token comes from", checks.choice(*SOURCES), required=True),
    Key("issuer", "the identity provider's issuer URL, exactly as it is in the identity token", checks.issuer),
    Key("client_id", "our client id at the identity provider"),
    Key(
        "scopes",
        "the scopes to request from the identity provider",
        checks.scopes,
        default=("openid", "email", "offline_access"),
    ),
    Key(
        "client_secret",
        "where the secret of a confidential client is kept",
        table="client_secret",
        why_table="""must be { keyring = "NAME" } or { command = [...] }: a secret has no place in this file""",
        one_of=True,
    ),
    Key(
        "client_authentication",
        "how a confidential client authenticates",
        checks.choice("client_secret_basic", "client_secret_post"),
    ),
    Key(
        "assertion",
        "which of the identity provider's tokens is the identity token",
        checks.choice("id_token", "access_token"),
        default="id_token",
    ),
    Key("audience", "the audience to request for the identity token"),
    Key("resource", "the resource to request the access token for", checks.resource),
    Key("login_hint", "the user name that the identity provider's page suggests"),
    Key(
        "authorize_parameters",
        "further parameters of the authorization request",
        checks.parameters,
    ),
    Key("redirect_ports", "the ports for the browser's redirect; the first free one is used", checks.ports),
    Key(
        "redirect_host",
        "the host of the redirect URI",
        checks.choice("127.0.0.1", "localhost"),
        default="127.0.0.1",
    ),
    Key(
        "redirect_path",
        "the path of the redirect URI",
        checks.redirect_path,
        default="/oidc-helper/callback",
    ),
    Key("path", "the file that holds the identity token", checks.path, is_path=True),
    Key("variable", "the environment variable that holds the identity token", checks.variable),
    Key(
        "command",
        "the command that prints the identity token, as a list of words; it runs without a shell",
        checks.command,
    ),
    Key("profile", "the profile of this configuration whose access token is exchanged", checks.name),
)

_ROLES: tuple[Target, ...] = ("role", "account access")
_PROFILE = (
    Key("identity", "the identity that this profile uses", checks.name, required=True),
    Key("application_arn", "the Identity Center application to get tokens from", checks.application_arn, required=True),
    Key(
        "identity_center_region",
        "the region of the Identity Center instance, or a list: the next one is tried if no connection can be made",
        checks.regions,
        required=True,
    ),
    Key(
        "caller",
        "the principal that signs the call for tokens",
        required=True,
        table="caller",
        why_table="""must be a table such as { web_identity_role_arn = "arn:aws:iam::123456789012:role/NAME" }""",
        one_of=True,
    ),
    Key("role_arn", "the role to get a session of", checks.role_arn, targets=_ROLES),
    Key(
        "account_access",
        "the tenant of account access manager that gives the role",
        checks.account_access,
        targets=("account access",),
    ),
    Key("account_id", "the account of the permission set", checks.account_id, targets=("permission set",)),
    Key("permission_set", "the name of the permission set", checks.permission_set, targets=("permission set",)),
    Key(
        "s3_grant",
        "the S3 access grant to ask for with the role session",
        table="s3_grant",
        why_table="""must be a table such as { target = "s3://BUCKET/PREFIX*", permission = "READ" }""",
        targets=("role",),
    ),
    Key("region", "the region where the role session and the S3 access grant are requested", checks.region),
    Key("scopes", "the scopes to request from the Identity Center application", checks.scopes, default=()),
    Key(
        "duration_seconds",
        "the length of the role session",
        checks.duration_seconds,
        default=3600,
        targets=_ROLES,
    ),
    Key(
        "role_session_name",
        "the name of the role session, as CloudTrail shows it",
        checks.role_session_name,
        targets=_ROLES,
    ),
    Key(
        "sign_in",
        "whether get may ask a person to sign in",
        checks.choice("never", "when-needed"),
        default="never",
    ),
    Key("renew", "when credentials are renewed", checks.choice("ahead", "on-demand"), default="ahead"),
    Key(
        "deadline_seconds",
        "the longest that get may take, whether it succeeds or fails",
        checks.seconds(5, 3600),
        default=50,
    ),
    Key(
        "ca_bundle",
        "certificate authorities to trust besides the usual ones, at the identity provider, AWS and the CI system",
        checks.path,
        is_path=True,
        words=(SYSTEM,),
    ),
    Key(
        "identity_context_provider_arn",
        "the context provider that the role session names",
        checks.context_provider_arn,
        targets=("role",),
    ),
    Key("generated", "profiles --write made this profile, and may rename and prune it", checks.true, own=True),
    Key("account_name", "the account's name when profiles --write named this profile", own=True),
)

_GENERATED = (
    Key("template", "how profiles are named", checks.template, default="{account_name}-{permission_set}"),
    Key("account", "the accounts that get profiles, by name or id, with wildcards", checks.globs, default=()),
    Key("permission_set", "the permission sets and roles that get profiles, with wildcards", checks.globs, default=()),
    Key("region", "the region of the AWS profiles", checks.region),
)

_CALLER = (
    Key(
        "web_identity_role_arn", "the role to assume with the same identity token, without any AWS key", checks.role_arn
    ),
    Key("profile", "the AWS profile whose credentials sign"),
    Key("environment", "sign with the credentials of the environment, container or instance", checks.true),
)

_S3_GRANT = (
    Key("target", "the objects to access: a bucket and prefix, or one object", checks.s3_target, required=True),
    Key("permission", "the permission on these objects", checks.choice("READ", "WRITE", "READWRITE"), required=True),
    Key(
        "privilege",
        "whether the credentials cover the whole grant or only the target",
        checks.choice("Default", "Minimal"),
        default="Default",
    ),
    Key("account_id", "the account of the S3 Access Grants instance", checks.account_id),
)

_CLIENT_SECRET = (
    Key("keyring", "the entry of the keyring that holds the secret, under the user oidc-helper"),
    Key("command", "the command that prints the secret, as a list of words; it runs without a shell", checks.command),
)

KEYS: Mapping[str, tuple[Key, ...]] = {
    "identity": _IDENTITY,
    "client_secret": _CLIENT_SECRET,
    "profile": _PROFILE,
    "caller": _CALLER,
    "s3_grant": _S3_GRANT,
    "generated": _GENERATED,
}
TOP_LEVEL = ("identity", "defaults", "profile", "generated")
