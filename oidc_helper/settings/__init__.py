"""The configuration file as frozen dataclasses: every key checked, each value with its origin."""

from oidc_helper.settings.explanation import explain
from oidc_helper.settings.file import load, of_text
from oidc_helper.settings.model import Caller, ClientSecret, Generated, Identity, Profile, S3Grant, Settings

__all__ = [
    "Caller",
    "ClientSecret",
    "Generated",
    "Identity",
    "Profile",
    "S3Grant",
    "Settings",
    "explain",
    "load",
    "of_text",
]
