"""A place to run the raw operation in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from create_token_with_iam.runs import Canned, Place, serving


@pytest.fixture(scope="session")
def canned() -> Iterator[Canned]:
    with serving() as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, canned: Canned) -> Place:
    return Place(tmp_path, canned)
