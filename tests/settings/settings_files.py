"""Configuration files of a test, loaded or refused."""

import os
from pathlib import Path
from unittest import mock

import pytest

from oidc_helper import settings
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Settings

APPLICATION = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
ROLE = "arn:aws:iam::123456789012:role/analytics"
COMPLETE = f"""\
[identity.job]
source = "file"
path = "token"

[defaults]
identity = "job"
application_arn = "{APPLICATION}"
identity_center_region = "eu-west-1"
caller = {{ web_identity_role_arn = "{ROLE}" }}

[profile.x]
"""  # the shortest complete file; appended keys belong to profile.x


def load(directory: Path, text: str | bytes) -> Settings:
    path = directory / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_at(path)


def load_at(path: Path) -> Settings:
    with mock.patch.dict(os.environ, {"OIDC_HELPER_CONFIG": str(path)}):
        return settings.load()


def refusal(directory: Path, text: str | bytes) -> WrongSettings:
    with pytest.raises(WrongSettings) as caught:
        load(directory, text).require_sound()
    return checked(caught.value)


def refusal_at(path: Path) -> WrongSettings:
    with pytest.raises(WrongSettings) as caught:
        load_at(path).require_sound()
    return checked(caught.value)


def checked(error: WrongSettings) -> WrongSettings:
    assert error.message.isprintable(), "one line, nothing that steers a terminal"
    assert error.hint.isprintable()
    return error
