"""`explain` shows the settings of a profile with their origins, and no secret."""

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


def test_explain_has_every_key_with_value_meaning_and_origin(tmp_path: Path) -> None:
    """The identity's keys and the caller's are nested in theirs."""
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


def test_explain_names_the_file_and_whether_the_variable_chose_it(tmp_path: Path) -> None:
    """OIDC_HELPER_CONFIG is named where it was used."""
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
def test_explain_shows_the_variables_that_take_effect(tmp_path: Path, name: str, value: str, shown: str) -> None:
    """User, password and query of a URL are left out."""
    assert _explained(tmp_path, COMPLETE, {name: value})["environment"] == {name: shown}


def test_explain_leaves_out_all_other_variables(tmp_path: Path) -> None:
    """They may hold secrets, or change nothing; so do empty ones."""
    environment = {"AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_PROFILE": "x", "TOKEN": "hunter2", "HTTP_PROXY": ""}

    assert _explained(tmp_path, COMPLETE, environment)["environment"] == {}
