"""The configuration as frozen dataclasses: every key of both layers checked, each value with its origin."""

from oidc_helper.settings.explanation import explain
from oidc_helper.settings.loading import document, load, names, of_text
from oidc_helper.settings.model import Caller, ClientSecret, Generated, Identity, Profile, S3Grant, Settings
from oidc_helper.settings.problems import Problem
from oidc_helper.settings.resolution import for_sign_in

__all__ = [
    "Caller",
    "ClientSecret",
    "Generated",
    "Identity",
    "Problem",
    "Profile",
    "S3Grant",
    "Settings",
    "document",
    "explain",
    "for_sign_in",
    "load",
    "names",
    "of_text",
]
