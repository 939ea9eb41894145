"""Kinds of machines, by the places where they keep records, and the condition for a test that needs one of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Place:
    """The ids of the places for a machine's credentials and tokens, and a way to list the names of all that is kept."""

    credentials: str
    tokens: str
    kept: Callable[[], list[str]]


def needs(condition: object, what: str) -> None:
    """Skip a test that this machine cannot run, or fail it where nothing may be left out."""
    if not condition:
        (pytest.fail if os.environ.get("OIDC_HELPER_REQUIRE_ALL") == "1" else pytest.skip)(f"needs {what}")
