"""The fixtures of the raw operation: a server with one canned answer, and a place to run the command in."""

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
