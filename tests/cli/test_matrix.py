"""The quick clients of the matrix in README, as their users start them; `python -m compatibility` tries all of them."""

import pytest
from compatibility import environments, rendering, trying
from compatibility.clients import QUICK
from fakes.places import needs

from oidc_helper.emulator.keys import SigningKeys

# The others take many processes, or wait for credentials to end.
COLUMNS = ("credentials", "exec", "sign-in told", "'a path'")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", QUICK)
def test_a_client_does_what_the_matrix_says(keys: SigningKeys, name: str, column: str) -> None:
    """As a real process, with the real command in its AWS profile."""
    needs(environments.is_installed(name), f"{name}: PYTHONPATH=tests python -m compatibility --install --quick")

    cell = trying.tried(name, column, keys)

    assert not cell.surprise
    assert cell.shown == rendering.shown()[name][column]
