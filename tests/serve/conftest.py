"""A home in which everything is there but the endpoint."""

import pytest
from homes import Home, file_config

from oidc_helper.emulator import Emulator


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    return home
