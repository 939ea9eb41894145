"""What is typed at a question or a flag becomes the value that TOML has, or is refused in the words of the file."""

from pathlib import Path
from typing import Any

import pytest

from oidc_helper.configure.answers import text_of, value_of
from oidc_helper.configure.flags import FLAGS
from oidc_helper.settings.checks import UnfitError

KEYS = {flag.name: flag.part or flag.key for flag in FLAGS}


@pytest.mark.parametrize(
    ("flag", "typed", "value"),
    [
        ("--scopes", "openid email  offline_access", ["openid", "email", "offline_access"]),
        ("--scopes", "openid,email", ["openid", "email"]),
        ("--redirect-ports", "8400 8401", [8400, 8401]),
        ("--command", "vault read -field=token 'my path'", ["vault", "read", "-field=token", "my path"]),
        ("--duration-seconds", "900", 900),
        ("--account-id", "012345678901", "012345678901"),
        ("--authorize-parameters", 'prompt = "consent"', {"prompt": "consent"}),
        ("--authorize-parameters", '{ prompt = "consent" }', {"prompt": "consent"}),
        ("--identity-center-region", "eu-west-1", "eu-west-1"),
        ("--identity-center-region", "eu-west-1 us-east-1", ["eu-west-1", "us-east-1"]),
        ("--caller-environment", "true", True),
        ("--ca-bundle", "system", "system"),
        ("--path", "~/token", "~/token"),
        ("--path", "token", str(Path("token").absolute())),
    ],
)
def test_a_text_stands_for_a_value(flag: str, typed: str, value: Any) -> None:
    """And the value, written as text, is the same again."""
    key = KEYS[flag]

    assert value_of(key, typed) == value
    assert value_of(key, text_of(value)) == value


@pytest.mark.parametrize(
    ("flag", "typed", "why"),
    [
        ("--issuer", "login.example.com", "must be a URL such as"),
        ("--issuer", "  ", "must not be empty"),
        ("--duration-seconds", "an hour", "must be an integer (seconds)"),
        ("--redirect-ports", "http", "must be a list of integers"),
        ("--command", "vault 'read", "has a quote that is not closed"),
        ("--authorize-parameters", "prompt: consent", "must be a table such as"),
        ("--source", "brwoser", "did you mean browser?"),
        ("--role-arn", "arn:aws:iam::1234:role/x", "the account '1234' is not 12 digits"),
    ],
)
def test_an_unfit_text_is_refused(flag: str, typed: str, why: str) -> None:
    """In the words that the configuration file gets too."""
    with pytest.raises(UnfitError) as refused:
        value_of(KEYS[flag], typed)

    assert why in str(refused.value)


def test_no_flag_takes_a_secret() -> None:
    """The command line of a process is everybody's to read."""
    assert {name for name in KEYS if "secret" in name} == {"--client-secret-keyring", "--client-secret-command"}
