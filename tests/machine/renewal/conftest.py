"""A home whose credentials are due for renewal, and the clock that brought them there."""

import pytest
from homes import Home, file_config
from machine.renewal.clock import Clock, installed

from oidc_helper.emulator import Emulator

DUE_S = 3_600 - 1_200 + 30  # of an hour's credentials 20 minutes are left, and not yet only 15


@pytest.fixture
def clock(home: Home, emulator: Emulator) -> Clock:
    """The clock of a home that can fetch for a day."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com", lifetime_s=86_400))
    return installed(home, emulator)


@pytest.fixture
def due(home: Home, clock: Clock) -> Home:
    """A home with credentials that are served and should be renewed."""
    home.get("analytics")
    clock.advance(DUE_S)
    return home
