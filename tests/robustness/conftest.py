"""Sandboxes for the harnesses, in the test's own directory."""

from pathlib import Path

import pytest

from robustness.sandbox import Sandboxes


@pytest.fixture
def sandboxes(tmp_path: Path) -> Sandboxes:
    return Sandboxes(tmp_path)
