"""Mutations of the code, and the cell of the tables that must notice each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from zygote import Done, Zygote

from oidc_helper.oidc import connection
from robustness.faults import network, provider
from robustness.faults.clocks import Skewed
from robustness.faults.machines import MachineCell
from robustness.faults.network import Cell, Fault
from robustness.faults.ways_out import WayOut

_FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in network.FAULTS}
_LATE = network.lookup(
    "a name takes 6 s", "not done", "import time; time.sleep(6); raise socket.gaierror(-2, 'late')", "too slow"
)

# Name -> statements that break a promise in the process of the command, and the cell that must fail then.
MUTATIONS: Mapping[str, tuple[str, Any]] = {
    "no deadline": (
        "from oidc_helper.machine.deadline import Deadline\nDeadline.run = lambda self, work: work()",
        Cell(_LATE, "jwt-bearer"),
    ),
    "a server's words as they are": (
        """
from oidc_helper.aws import refusals
from oidc_helper.cli import voice
voice._one_line = refusals.printable = str
""",
        Cell(_FAULTS["503 in words"], "role"),
    ),
    "an assertion is not marked": (
        "from oidc_helper.store.ledger import Ledger\nLedger.mark_spent = lambda *words, **more: True",
        Cell(_FAULTS["cut after the work"], "jwt-bearer"),
    ),
    "the SDK sends an assertion again": (
        """
from oidc_helper.aws.client import Aws
client = Aws._client
Aws._client = lambda self, *words, attempts=2, **others: client(self, *words, **others)
""",
        Cell(_FAULTS["cut before the work"], "jwt-bearer"),
    ),
    "throttling is taken for a refusal": (
        "from oidc_helper.aws import refusals\nrefusals.may_pass = lambda code, status: False",
        Cell(_FAULTS["throttled"], "refresh"),
    ),
    "what never left counts as sent": (
        "from oidc_helper.aws import attempts\nattempts.never_sent = lambda error: False",
        Cell(_FAULTS["connection refused"], "jwt-bearer"),
    ),
    "a broken connection counts as none": (
        "from oidc_helper.aws import attempts\nattempts.never_sent = lambda error: True",
        Cell(_FAULTS["TLS breaks off after the request"], "jwt-bearer"),
    ),
    "no answer without a store": (
        """
from oidc_helper.fetch import broker, work
broker.save_or_warn = work.save_or_warn = lambda put: put()
""",
        MachineCell("no store at all"),
    ),
    "no vault where the kernel refuses": (
        """
from oidc_helper.store import in_kernel
from oidc_helper.store.store import Store
Store._vault_place = lambda _: in_kernel.require_place()
""",
        MachineCell("EPERM on keyctl"),
    ),
    "a clock is not compared": (
        "from oidc_helper.aws import refusals\nrefusals.skew = lambda date, now: ''",
        Skewed("role", 1_200),
    ),
    "logout gives up where AWS is out of reach": (
        "from oidc_helper.fetch import sign_out\nsign_out.OidcHelperError = ZeroDivisionError",
        Cell(_FAULTS["500"], "logout"),
    ),
    "what is kept stands in the way of a sign-in": (
        "from oidc_helper.cli import session\nsession.SignInNeeded = session.Refused = ZeroDivisionError",
        WayOut("Identity Center, renewed token: InvalidGrantException"),
    ),
    "a wrong clock asks the person": (
        "from oidc_helper.fetch import proofs\nproofs.ClockOff = ZeroDivisionError",
        WayOut("the clock is a day ahead"),
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_is_found(zygote: Zygote, mutation: str) -> None:
    """By an assertion about what a user sees, and not by a crash."""
    statements, cell = MUTATIONS[mutation]

    def execute(words: Sequence[str], environment: dict[str, str], where: Path, before: str) -> Done:
        return zygote.run(words, environment, where, f"{statements}\n{before}")

    with pytest.raises(AssertionError) as caught:
        cell.check(execute)

    assert "which is a bug" not in str(caught.value)


def test_a_mutation_of_the_judge_of_answers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the server would look like a mistake in the settings."""
    monkeypatch.setattr(connection._Judge, "judge", lambda *_: None)
    with pytest.raises(AssertionError, match="answers with HTTP status 500"):
        provider.ProviderCell("500", "discovery").check()
