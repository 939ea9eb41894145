"""Ground for the harnesses, in the test's own directory."""

from pathlib import Path

import pytest

from robustness.ground import Grounds


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    return Grounds(tmp_path)
