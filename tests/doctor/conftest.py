"""A home in which all is well."""

import socket

import pytest
from doctor.ward import Ward
from homes import Home

from oidc_helper.emulator import Emulator


@pytest.fixture
def ward(home: Home, emulator: Emulator) -> Ward:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return Ward(home, emulator, f"http://127.0.0.1:{port}")
