"""Faults of the network, of services, of this machine and of its clock, whatever is called meanwhile."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """What was let happen, how often, and how often something was lost or said wrongly; each as it is known.

    Every cell of the tables; if `thorough`, each in processes that begin at the beginning.
    """
    from zygote import Zygote

    from oidc_helper.emulator.keys import SigningKeys
    from robustness.faults import clocks, network, places, provider, signing_in
    from robustness.faults.world import whole

    keys = SigningKeys("RS256", "ES256")
    with Zygote() as zygote, ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as pool:  # some do nothing but wait
        run = whole if thorough else zygote.run
        tables = {
            "faults at calls to AWS": _checks(network.cells(), run, keys),
            "faults at the identity provider, through the library": _checks(provider.cells(), keys),
            "faults at the identity provider, in commands": _checks(signing_in.cells(), run, keys),
            "machines that are not as they should be": _checks(places.cells(), run, keys),
            "clocks that are wrong": _checks(clocks.cells(), run, keys),
        }
        for what, checks in tables.items():
            wrong = [found for found in pool.map(_wrong, checks, checks.values()) if found]
            for found in wrong:
                print(found, flush=True)
            yield what, len(checks), len(wrong)


def _checks(cells: Iterable[Any], *with_what: object) -> dict[str, Callable[[], object]]:
    return {str(cell): partial(cell.check, *with_what) for cell in cells}


def _wrong(name: str, check: Callable[[], object]) -> str:
    try:
        check()
    except AssertionError as error:
        return f"{name}: {error}"
    return ""
