"""The tables of faults, in the suite: children of one process, but for some whole ones."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from zygote import Zygote

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults import clocks, network, places, provider, signing_in
from robustness.faults.test_faults_of_the_field import PAINS
from robustness.faults.world import whole

OF_THE_FIELD = {cell for cells in PAINS.values() for cell in cells}  # run elsewhere
# The suite runs some cells of every row and column, and `python -m robustness` all of them.
AWS = [cell for cell in network.cells() if not cell.fault.slow]
PROVIDER = [cell for cell in provider.cells() if not cell.slow]
SIGNING_IN = [cell for cell in signing_in.cells() if not cell.slow]


@pytest.mark.parametrize("cell", AWS[::4], ids=str)
def test_a_fault_at_a_call(zygote: Zygote, keys: SigningKeys, cell: network.Cell) -> None:
    """It is named with the call; nothing is lost that the next run could need."""
    cell.check(zygote.run, keys)


def test_nothing_hangs_past_the_deadline(zygote: Zygote, keys: SigningKeys) -> None:
    """Whatever is slow, at whichever call, `get` and `logout` end in time with the call's name."""
    slow = [cell for cell in network.cells() if cell.fault.slow][::2]
    with ThreadPoolExecutor(len(slow)) as pool:
        for outcome in [pool.submit(cell.check, zygote.run, keys) for cell in slow]:
            outcome.result()


@pytest.mark.parametrize("cell", AWS[:: len(AWS) // 3], ids=str)
def test_a_fault_at_a_call_of_a_whole_process(keys: SigningKeys, cell: network.Cell) -> None:
    """The same with the installed command from its very beginning."""
    cell.check(whole, keys)


@pytest.mark.parametrize("cell", PROVIDER[::7], ids=str)
def test_a_fault_at_a_call_to_the_identity_provider(keys: SigningKeys, cell: provider.ProviderCell) -> None:
    """It is an error of the right kind that names the provider; nothing is sent twice."""
    cell.check(keys)


@pytest.mark.parametrize("cell", SIGNING_IN[::11], ids=str)
def test_a_fault_at_the_identity_provider(zygote: Zygote, keys: SigningKeys, cell: signing_in.SignInCell) -> None:
    """Commands name the provider, and keep its refresh token unless that was spent."""
    cell.check(zygote.run, keys)


@pytest.mark.parametrize("cell", [cell for cell in places.cells() if cell not in OF_THE_FIELD], ids=str)
def test_a_machine_that_is_not_as_it_should_be(zygote: Zygote, keys: SigningKeys, cell: places.PlaceCell) -> None:
    """Commands answer as far as they can, and name what keeps them from it."""
    cell.check(zygote.run, keys)


@pytest.mark.parametrize("cell", clocks.cells()[::2], ids=str)
def test_a_clock_that_is_wrong(zygote: Zygote, keys: SigningKeys, cell: clocks.Check) -> None:
    """It is named where it is the reason, and spoils nothing."""
    cell.check(zygote.run, keys)
