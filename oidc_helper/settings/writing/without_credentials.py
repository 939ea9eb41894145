"""The AWS configuration for a program that gets its credentials from elsewhere: settings, and no credentials."""

import os
import re
from pathlib import Path

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.writing import aws_file
from oidc_helper.words import printable

_DEFAULT = "default"
# Keys that lead an SDK to credentials, or shape how it would get them.
_OF_CREDENTIALS = re.compile(
    r"aws_(access_key_id|secret_access_key|session_token|security_token|account_id)|credential_(source|process)"
    r"|login_session|role_\w+|source_profile|web_identity_token_file|sso_\w+|mfa_serial|external_id|duration_seconds"
)


def text() -> str:
    """The configuration in force, as text: the default profile's settings, and the services that it may name.

    Other profiles are left out: a program that names one must not get these credentials instead. Raises WrongSettings.
    """
    path = aws_file.config_path()
    try:
        config = aws_file.read_config(path, Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise WrongSettings(f"{printable(path)} cannot be read: {reason}", "mend that file: no SDK reads it") from None
    default = [place.header for place in config.by_profile.get(_DEFAULT, ())]
    services = [header for header in config.contents if header.split(maxsplit=1)[:1] == ["services"]]
    headers = (*default, *services)
    sections = {_DEFAULT if header in default else header: config.contents[header] for header in headers}
    return "\n".join(f"[{header}]\n{_settings(keys)}" for header, keys in sections.items())


def _settings(keys: dict[str, str]) -> str:
    settings = {key: value for key, value in keys.items() if not _OF_CREDENTIALS.fullmatch(key)}
    return "".join(f"{key} ={_indented(value)}\n" for key, value in settings.items())


def _indented(value: str) -> str:
    """A value of several lines is a block of keys, such as that of `s3 =`."""
    return value.replace("\n", "\n  ") if value.startswith("\n") else f" {value}"
