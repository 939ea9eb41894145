"""Faults: of the network, of services, of the machine and of its clock, at every call."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any


def figures(*, thorough: bool) -> Iterator[tuple[str, int, int]]:
    """For each table: its name, the number of cells, and of cells with a problem; yielded as soon as known.

    All cells of the tables are checked; with `thorough`, each in whole processes.
    """
    from zygote import Zygote

    from oidc_helper.emulator.keys import SigningKeys
    from robustness.faults import clocks, live, machines, network, provider, signing_in, ways_out
    from robustness.faults.world import whole_process

    keys = SigningKeys("RS256", "ES256")
    with Zygote() as zygote, ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as pool:  # some cells only wait
        execute = whole_process if thorough else zygote.run
        tables = {
            "faults at calls to AWS": _checks(network.cells(), execute, keys),
            "faults at the identity provider, through the library": _checks(provider.cells(), keys),
            "faults at the identity provider, in commands": _checks(signing_in.cells(), execute, keys),
            "machines that are not as they should be": _checks(machines.cells(), execute, keys),
            "faults while credentials live": _checks(live.cells(), execute, keys),
            "ways out of a kept sign-in that fails": _checks(ways_out.cells(), execute, keys),
            "clocks that are wrong": _checks(clocks.cells(), execute, keys),
        }
        for what, checks in tables.items():
            problems = [problem for problem in pool.map(_problem, checks, checks.values()) if problem]
            for problem in problems:
                print(problem, flush=True)
            yield what, len(checks), len(problems)


def _checks(cells: Iterable[Any], *arguments: object) -> dict[str, Callable[[], object]]:
    return {str(cell): partial(cell.check, *arguments) for cell in cells}


def _problem(name: str, check: Callable[[], object]) -> str:
    try:
        check()
    except AssertionError as error:
        return f"{name}: {error}"
    return ""
