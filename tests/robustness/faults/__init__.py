"""Faults of the network, of services, of this machine and of its clock, whatever is called meanwhile."""

from collections.abc import Callable, Iterable
from functools import partial

Figures = list[tuple[str, int, int]]


def figures(*, thorough: bool) -> Figures:
    """What was let happen, how often, and how often something was lost or said wrongly.

    Every cell of the tables; if `thorough`, each in processes that begin at the beginning.
    """
    from oidc_helper.emulator.keys import SigningKeys
    from robustness.faults import clocks, network, places, provider, signing_in
    from robustness.faults.world import whole
    from robustness.faults.zygote import Zygote

    keys = SigningKeys("RS256", "ES256")
    with Zygote() as zygote:
        run = whole if thorough else zygote.run
        return [
            _count("faults at calls to AWS", [partial(cell.check, run, keys) for cell in network.cells()]),
            _count(
                "faults at calls to the identity provider", [partial(cell.check, keys) for cell in provider.cells()]
            ),
            _count(
                "faults of the identity provider in commands",
                [partial(cell.check, run, keys) for cell in signing_in.cells()],
            ),
            _count(
                "machines that are not as they should be", [partial(cell.check, run, keys) for cell in places.cells()]
            ),
            _count("clocks that are wrong", [partial(cell.check, run, keys) for cell in clocks.cells()]),
        ]


def _count(what: str, checks: Iterable[Callable[[], object]]) -> tuple[str, int, int]:
    run = lost = 0
    for check in checks:
        run += 1
        try:
            check()
        except AssertionError:
            lost += 1
    return what, run, lost
