"""The stand-in of the Credential Locker is honest: keyring's own contract suite holds over it."""

import pytest
from fakes.credential_locker import Locker
from keyring.backends.Windows import WinVaultKeyring
from keyring.testing.backend import BackendBasicTests


class TestCredentialLocker(BackendBasicTests):
    """As keyring runs it on Windows."""

    @pytest.fixture(autouse=True)
    def _init_properties(self, locker: Locker, request: pytest.FixtureRequest) -> None:
        """As in the base class, with the locker there until the end."""
        assert locker.targets == []
        self.keyring = WinVaultKeyring()
        self.credentials_created: set[tuple[str, str]] = set()
        request.addfinalizer(self.cleanup)  # noqa: PT021  # as the base class does
