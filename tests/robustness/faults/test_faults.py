"""A sample of the tables of faults; the commands are forks of one process, but for some whole processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from zygote import Zygote

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults import clocks, live, machines, network, provider, signing_in, ways_out
from robustness.faults.test_faults_of_the_field import PAINS
from robustness.faults.world import whole_process

IN_PAINS = {cell for cells in PAINS.values() for cell in cells}  # another test runs them
# The suite runs some cells of every row and column, `python -m robustness` runs all of them.
AWS = [cell for cell in network.cells() if not cell.fault.slow]
PROVIDER = [cell for cell in provider.cells() if not cell.slow]
SIGNING_IN = [cell for cell in signing_in.cells() if not cell.slow]


@pytest.mark.parametrize("cell", AWS[::5], ids=str)
def test_a_fault_at_a_call_loses_nothing(zygote: Zygote, keys: SigningKeys, cell: network.Cell) -> None:
    """The message names the fault and the call; the store keeps what the next run needs."""
    cell.check(zygote.run, keys)


def test_nothing_hangs_past_the_deadline(zygote: Zygote, keys: SigningKeys) -> None:
    """Whichever call is slow, `get` and `logout` end in time and name it."""
    slow = [cell for cell in network.cells() if cell.fault.slow][::2]
    with ThreadPoolExecutor(len(slow)) as pool:
        for outcome in [pool.submit(cell.check, zygote.run, keys) for cell in slow]:
            outcome.result()


@pytest.mark.parametrize("cell", AWS[:: len(AWS) // 3], ids=str)
def test_a_fault_at_a_call_of_a_whole_process_loses_nothing(keys: SigningKeys, cell: network.Cell) -> None:
    """The same with the installed command in a new process."""
    cell.check(whole_process, keys)


@pytest.mark.parametrize("cell", PROVIDER[::7], ids=str)
def test_a_fault_at_the_identity_provider_is_an_error_of_the_right_kind(
    keys: SigningKeys, cell: provider.ProviderCell
) -> None:
    """The error names the provider; nothing is sent twice."""
    cell.check(keys)


@pytest.mark.parametrize("cell", SIGNING_IN[::11], ids=str)
def test_a_fault_at_the_identity_provider_loses_no_refresh_token(
    zygote: Zygote, keys: SigningKeys, cell: signing_in.SignInCell
) -> None:
    """Commands name the provider, and keep its refresh token unless it has been redeemed."""
    cell.check(zygote.run, keys)


@pytest.mark.parametrize("cell", [cell for cell in machines.cells() if cell not in IN_PAINS], ids=str)
def test_commands_do_what_they_can_on_a_broken_machine(
    zygote: Zygote, keys: SigningKeys, cell: machines.MachineCell
) -> None:
    """They answer if they can, and name the obstacle if they cannot."""
    cell.check(zygote.run, keys)


def test_no_fault_withholds_live_credentials(zygote: Zygote, keys: SigningKeys) -> None:
    """One caller waits some seconds for a renewal, and the next one's answer is a hit."""
    with ThreadPoolExecutor(4) as pool:  # some cells only wait
        for outcome in [pool.submit(cell.check, zygote.run, keys) for cell in live.cells()]:
            outcome.result()


@pytest.mark.parametrize("cell", [cell for cell in ways_out.some_cells() if not cell.slow], ids=str)
def test_the_hint_or_the_end_of_the_trouble_is_the_way_out(
    zygote: Zygote, keys: SigningKeys, cell: ways_out.WayOut
) -> None:
    """After each command: a person types what its hint names and is signed in, or needs to type nothing."""
    cell.check(zygote.run, keys)


def test_silence_has_a_way_out(zygote: Zygote, keys: SigningKeys) -> None:
    """The same for those that only wait."""
    slow = [cell for cell in ways_out.some_cells() if cell.slow]
    with ThreadPoolExecutor(len(slow)) as pool:
        for outcome in [pool.submit(cell.check, zygote.run, keys) for cell in slow]:
            outcome.result()


@pytest.mark.parametrize("cell", clocks.cells()[::2], ids=str)
def test_a_wrong_clock_spoils_nothing(zygote: Zygote, keys: SigningKeys, cell: clocks.Check) -> None:
    """The message names the clock if it is the reason of a failure."""
    cell.check(zygote.run, keys)
