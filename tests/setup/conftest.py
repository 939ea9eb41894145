"""The AWS CLI, for the calls that plans print."""

import os
from typing import Any

import pytest


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The AWS CLI of a user who has keys and no configuration."""
    from awscli.clidriver import create_clidriver

    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return create_clidriver()
