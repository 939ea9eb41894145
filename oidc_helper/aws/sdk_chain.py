"""Where an SDK in this environment would take its credentials from, by botocore's rules; no credentials are fetched.

The order is botocore's own; a table says when each of its providers wins.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import botocore.session
from botocore import configloader, exceptions

from oidc_helper.errors import WrongSettings
from oidc_helper.words import did_you_mean, printable

_PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")

_Section = Mapping[str, Any]


class Chosen(NamedTuple):
    """The AWS profile in force, the variable that names it (empty for the default profile), and the provider that wins.

    `method` is botocore's name of that provider, empty if none wins; `what` describes it for people, and `command` is
    the credential_process, if that wins. `variables` are those that make it win over any AWS profile.
    """

    aws_profile: str
    named_by: str
    method: str = ""
    what: str = ""
    command: str = ""
    variables: tuple[str, ...] = ()


class _Sections(NamedTuple):
    """The AWS profile's section in each of the two files."""

    config: _Section
    credentials: _Section

    @property
    def merged(self) -> _Section:
        return {**self.config, **self.credentials}


class _Provider(NamedTuple):
    what: str
    wins: Callable[[_Sections], bool]
    variables: tuple[str, ...] = ()


def _keys(*names: str) -> Callable[[_Sections], bool]:
    return lambda sections: any(name in sections.merged for name in names)


def _set(*names: str) -> Callable[[_Sections], bool]:
    return lambda _: all(os.environ.get(name) for name in names)


_WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# botocore's METHOD -> when that provider wins over all after it (botocore/credentials.py).
_PROVIDERS: Mapping[str, _Provider] = {
    "env": _Provider("the keys of the environment", _set(_KEYS[0]), _KEYS),
    "assume-role": _Provider(
        "role_arn", lambda sections: "role_arn" in sections.merged and "web_identity_token_file" not in sections.merged
    ),
    "assume-role-with-web-identity": _Provider(
        "web_identity_token_file",
        lambda sections: _keys("web_identity_token_file")(sections) or _set(*_WEB_IDENTITY)(sections),
        _WEB_IDENTITY,
    ),
    "sso": _Provider("sso_account_id and sso_role_name", _keys("sso_account_id", "sso_role_name")),
    "shared-credentials-file": _Provider(
        "the keys of the credentials file", lambda sections: "aws_access_key_id" in sections.credentials
    ),
    "login": _Provider("login_session", _keys("login_session")),
    "custom-process": _Provider("credential_process", _keys("credential_process")),
    "config-file": _Provider(
        "the keys of the configuration file", lambda sections: "aws_access_key_id" in sections.config
    ),
    "container-role": _Provider("the container's endpoint", lambda _: any(os.environ.get(name) for name in _CONTAINER)),
}


def chosen() -> Chosen:
    """The choice in this process's environment. Raises WrongSettings if botocore cannot read its configuration."""
    session = botocore.session.Session()
    named_by = next((name for name in _PROFILE_VARIABLES if os.environ.get(name)), "")
    aws_profile = os.environ.get(named_by) or "default"
    configured = _read(session, "config_file", configloader.load_config).get("profiles", {})
    shared = _read(session, "credentials_file", configloader.raw_config_parse)
    if named_by and aws_profile not in {*configured, *shared}:
        raise WrongSettings(
            f"{named_by} names the AWS profile {printable(aws_profile)}, which is in neither file of AWS"
            f"{did_you_mean(aws_profile, [*configured, *shared])}",
            f"unset {named_by}",
        )
    sections = _Sections(configured.get(aws_profile, {}), shared.get(aws_profile, {}))
    for method in (each.METHOD for each in session.get_component("credential_provider").providers):
        provider = _PROVIDERS.get(method)
        if provider and provider.wins(sections):
            variables = tuple(name for name in provider.variables if os.environ.get(name))
            command = str(sections.merged["credential_process"]) if method == "custom-process" else ""
            return Chosen(aws_profile, named_by, method, provider.what, command, variables)
    return Chosen(aws_profile, named_by)


def _read(session: Any, variable: str, read: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The content of a file of AWS, empty if there is no file. Raises WrongSettings."""
    path = session.get_config_variable(variable)
    try:
        return read(path) if path else {}
    except exceptions.ConfigNotFound:
        return {}
    except exceptions.BotoCoreError as error:
        raise WrongSettings(printable(str(error)), "mend that file: no SDK can read it") from None
