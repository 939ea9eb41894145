"""The pages of the manual, part of the package: installers of Python programs put them where man does not look."""

from collections.abc import Mapping
from pathlib import Path

_FOLDERS = (Path(__file__).with_name("pages"), Path(__file__).parents[2] / "man")  # installed; in a checkout

PAGES: Mapping[str, str] = {
    "config": "oidc-helper-config.5",
    "setup": "oidc-helper-setup.7",
    "deploy": "oidc-helper-deploy.7",
    "ci": "oidc-helper-ci.7",
    "jobs": "oidc-helper-jobs.7",
    "errors": "oidc-helper-errors.7",
    "create-token-with-iam": "oidc-helper-create-token-with-iam.1",
    "oidc-helper": "oidc-helper.1",
    "oidc-helper-config": "oidc-helper-config.5",
    "oidc-helper-setup": "oidc-helper-setup.7",
    "oidc-helper-deploy": "oidc-helper-deploy.7",
    "oidc-helper-ci": "oidc-helper-ci.7",
    "oidc-helper-jobs": "oidc-helper-jobs.7",
    "oidc-helper-errors": "oidc-helper-errors.7",
    "oidc-helper-create-token-with-iam": "oidc-helper-create-token-with-iam.1",
    "oidc-helper-emulator": "oidc-helper-emulator.1",
    "oidc-helper-serve": "oidc-helper-serve.1",
}
"""Topic of `help` -> file of the page: short names, and the names by which man knows them."""


def page_on(topic: str) -> Path:
    """The file of the page on a topic."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
    return folder / PAGES[topic]


def short_names() -> list[str]:
    """One name of each page, the short one if it has two."""
    return list({file: name for name, file in reversed([*PAGES.items()])}.values())[::-1]
