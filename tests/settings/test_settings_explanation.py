"""`explain`: what holds for a profile, where it came from, and no secret."""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from settings.settings_files import APPLICATION, COMPLETE, ROLE, load

from oidc_helper.settings import explain
from oidc_helper.settings.schema import KEYS


def _explained(directory: Path, text: str, environment: dict[str, str]) -> dict[str, Any]:
    loaded = load(directory, text)
    with mock.patch.dict(os.environ, environment, clear=True):
        described = explain(loaded, loaded.profile("x"))
    assert json.loads(json.dumps(described)) == described
    return described


def test_every_setting(tmp_path: Path) -> None:
    """Every key of a profile is there: value, meaning, where it came from; identity and caller nested."""
    described = _explained(tmp_path, f'{COMPLETE}role_arn = "{ROLE}"\nscopes = ["aws"]\n', {})
    settings = described["settings"]
    assert set(settings) == {key.name for key in KEYS["profile"]}
    assert all(each["meaning"] for each in settings.values())
    values = {name: (each["value"], each["from"]) for name, each in settings.items()}
    assert values["application_arn"] == (APPLICATION, "defaults (line 7)")
    assert values["role_arn"] == (ROLE, "profile.x (line 12)")
    assert values["scopes"] == (["aws"], "profile.x (line 13)")
    assert values["region"] == ("eu-west-1", "default")
    assert values["caller"] == ({"web_identity_role_arn": ROLE}, "defaults (line 9)")
    assert values["identity"] == ("job", "defaults (line 6)")
    identity = {name: (each["value"], each["from"]) for name, each in settings["identity"]["settings"].items()}
    assert identity == {
        "source": ("file", "identity.job (line 2)"),
        "path": (str(tmp_path / "token"), "identity.job (line 3)"),
    }
    assert described["target"] == "role"
    assert described["grant"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_configuration_file(tmp_path: Path) -> None:
    """It tells which file was read and whether OIDC_HELPER_CONFIG named it."""
    path = str(tmp_path / "config.toml")
    named = _explained(tmp_path, COMPLETE, {"OIDC_HELPER_CONFIG": path})
    assert named["config"] == {"value": path, "from": "OIDC_HELPER_CONFIG"}
    assert _explained(tmp_path, COMPLETE, {})["config"]["from"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("OIDC_HELPER_CONFIG", "/etc/x.toml", "/etc/x.toml"),
        ("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:4000/oidc", "http://127.0.0.1:4000/oidc"),
        ("AWS_ENDPOINT_URL", "https://user:hunter2@host/?key=hunter2", "https://host/"),
        ("AWS_CA_BUNDLE", "/etc/a@b.pem", "/etc/a@b.pem"),
        ("HTTPS_PROXY", "http://user:hunter2@proxy:3128", "http://proxy:3128"),
        ("https_proxy", "http://user:hun@ter/2://x@proxy:3128", "http://proxy:3128"),
        ("ALL_PROXY", "user:hunter2@proxy:3128", "proxy:3128"),
        ("ALL_PROXY", "user:hunter2://x@proxy:3128", "proxy:3128"),
        ("SSL_CERT_FILE", "/etc/ca.pem", "/etc/ca.pem"),
        ("BROWSER", "firefox %s", "firefox %s"),
        ("NO_PROXY", "localhost,169.254.169.254", "localhost,169.254.169.254"),
    ],
)
def test_environment(tmp_path: Path, name: str, value: str, shown: str) -> None:
    """Variables that take effect are shown, those with URLs without user, password and query."""
    assert _explained(tmp_path, COMPLETE, {name: value})["environment"] == {name: shown}


def test_other_variables(tmp_path: Path) -> None:
    """Variables that hold secrets or have no say are left out, and empty ones with them."""
    environment = {"AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_PROFILE": "x", "TOKEN": "hunter2", "HTTP_PROXY": ""}
    assert _explained(tmp_path, COMPLETE, environment)["environment"] == {}
