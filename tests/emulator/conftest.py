"""An emulator, and AWS clients that compare every answer with the service model."""

from collections.abc import Iterator

import pytest
from emulator.aws_callers import Caller

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys


@pytest.fixture(scope="session")
def keys() -> SigningKeys:
    """Made once, since they take half of an emulator's start; its issuer is a new one all the same."""
    return SigningKeys("RS256", "ES256")


@pytest.fixture
def emulator(keys: SigningKeys) -> Iterator[Emulator]:
    with Emulator(keys=keys) as running:
        yield running


@pytest.fixture
def caller(emulator: Emulator) -> Caller:
    """The IAM user that the applications' actor policies name."""
    user = emulator.directory.iam_user
    return Caller(emulator, user.access_key_id, user.secret_access_key)
