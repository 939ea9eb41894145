"""The pains that users of such tools have reported, as cells of the tables of faults."""

from collections.abc import Mapping, Sequence

import pytest
from zygote import Zygote

from robustness.faults import network
from robustness.faults.clocks import Check, Skewed
from robustness.faults.machines import MachineCell
from robustness.faults.network import Cell
from robustness.faults.signing_in import SignInCell

_FAULTS = {fault.name: fault for fault in network.FAULTS}

PAINS: Mapping[str, Sequence[Check]] = {
    "a network hiccup deletes good credentials, git-credential-manager#765": (
        Cell(_FAULTS["reset"], "role"),
        Cell(_FAULTS["500"], "refresh"),
        SignInCell("429", "refresh"),
    ),
    "the assertion is single-use": (Cell(_FAULTS["truncated"], "jwt-bearer"),),
    "headless Linux without Secret Service, 99designs/aws-vault#304": (MachineCell("no XDG_RUNTIME_DIR, no keyring"),),
    "a locked keychain over SSH, 99designs/aws-vault#188": (MachineCell("locked keyring"),),
    "prompts where there is no terminal and hangs, aws/aws-cli#7339": (MachineCell("keyring daemon hangs"),),
    "a proxy with its own certificate authority, aws/aws-cli#7602": (Cell(_FAULTS["wrong CA"], "permission set"),),
    "the caller's own timeout, awslabs/aws-sdk-rust#462": (Cell(_FAULTS["1 byte a second"], "role"),),
    "the clock is wrong": (Skewed("role", 1_200),),
    "containers forbid the kernel keyring": (MachineCell("EPERM on keyctl"), MachineCell("no store at all")),
}


@pytest.mark.parametrize("pain", PAINS)
def test_no_pain_of_other_tools_is_ours(zygote: Zygote, pain: str) -> None:
    """Each cell of the pain keeps its rules."""
    for cell in PAINS[pain]:
        cell.check(zygote.run)
