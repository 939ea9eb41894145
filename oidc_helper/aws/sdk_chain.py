"""What an SDK in this environment would take its credentials from, as botocore has it; nothing is opened or run.

The order is botocore's own; of each of its providers we know when it has the word.
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
    """The AWS profile in force, the variable that names it (empty: it is the default one), and the winner.

    `method` is botocore's name of the provider that wins, empty where none does; `what` describes it for people, and
    `command` is the credential_process where that wins. `variables` are those that make it win over any AWS profile.
    """

    aws_profile: str
    named_by: str
    method: str = ""
    what: str = ""
    command: str = ""
    variables: tuple[str, ...] = ()


class _Sight(NamedTuple):
    """The AWS profile's section of either file."""

    config: _Section
    credentials: _Section

    @property
    def merged(self) -> _Section:
        return {**self.config, **self.credentials}


class _Provider(NamedTuple):
    what: str
    has_word: Callable[[_Sight], bool]
    variables: tuple[str, ...] = ()


def _keys(*names: str) -> Callable[[_Sight], bool]:
    return lambda sight: any(name in sight.merged for name in names)


def _set(*names: str) -> Callable[[_Sight], bool]:
    return lambda _: all(os.environ.get(name) for name in names)


_WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# botocore's METHOD -> when it wins over all behind it (botocore/credentials.py).
_PROVIDERS: Mapping[str, _Provider] = {
    "env": _Provider("the keys of the environment", _set(_KEYS[0]), _KEYS),
    "assume-role": _Provider(
        "role_arn", lambda sight: "role_arn" in sight.merged and "web_identity_token_file" not in sight.merged
    ),
    "assume-role-with-web-identity": _Provider(
        "web_identity_token_file",
        lambda sight: _keys("web_identity_token_file")(sight) or _set(*_WEB_IDENTITY)(sight),
        _WEB_IDENTITY,
    ),
    "sso": _Provider("sso_account_id and sso_role_name", _keys("sso_account_id", "sso_role_name")),
    "shared-credentials-file": _Provider(
        "the keys of the credentials file", lambda sight: "aws_access_key_id" in sight.credentials
    ),
    "login": _Provider("login_session", _keys("login_session")),
    "custom-process": _Provider("credential_process", _keys("credential_process")),
    "config-file": _Provider("the keys of the configuration file", lambda sight: "aws_access_key_id" in sight.config),
    "container-role": _Provider("the container's endpoint", lambda _: any(os.environ.get(name) for name in _CONTAINER)),
}


def chosen() -> Chosen:
    """The winner in this process's environment. Raises WrongSettings where botocore cannot read its configuration."""
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
    sight = _Sight(configured.get(aws_profile, {}), shared.get(aws_profile, {}))
    for one in session.get_component("credential_provider").providers:
        provider = _PROVIDERS.get(one.METHOD)
        if provider and provider.has_word(sight):
            variables = tuple(name for name in provider.variables if os.environ.get(name))
            command = str(sight.merged["credential_process"]) if one.METHOD == "custom-process" else ""
            return Chosen(aws_profile, named_by, one.METHOD, provider.what, command, variables)
    return Chosen(aws_profile, named_by)


def _read(session: Any, variable: str, read: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """A file of AWS, empty where there is none. Raises WrongSettings."""
    path = session.get_config_variable(variable)
    try:
        return read(path) if path else {}
    except exceptions.ConfigNotFound:
        return {}
    except exceptions.BotoCoreError as error:
        raise WrongSettings(printable(str(error)), "mend that file: no SDK reads it") from None
