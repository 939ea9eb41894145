"""The regions of one instance of Identity Center: which to ask first, and the next where no connection comes about."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from oidc_helper.aws.refusals import Unconnected
from oidc_helper.machine import pause

log = logging.getLogger("oidc_helper.aws.regions")

_T = TypeVar("_T")

FIRST_TRY_S = 3  # to connect, where another region is left: a lost packet is repeated after a second


class Regions:
    """What one process has found out about regions, beside what others have noted a moment ago."""

    def __init__(self) -> None:
        self._unconnected: set[str] = set()

    def in_order(self, regions: Sequence[str], *, first: str = "") -> list[str]:
        """The regions with `first` at the beginning if it is among them, and those that rest at the end."""
        return sorted(regions, key=lambda region: (self._rests(region), region != first))

    def ask(self, regions: Sequence[str], ask: Callable[[str, int], _T], *, first: str = "") -> _T:
        """Ask in the first region that can be connected to; `ask` takes it, and how many are left behind it.

        Raises OidcHelperError: that of the region that was asked last.
        """
        *others, last = self.in_order(regions, first=first)
        for at, region in enumerate(others):
            try:
                return ask(region, len(others) - at)
            except Unconnected as failure:
                log.debug("the next region is asked: %s", failure.message)
                self._let_rest(region)
        try:
            return ask(last, 0)
        except Unconnected as failure:
            if others:
                failure.message += f"; nor can {' or '.join(others)}"
            raise

    def _rests(self, region: str) -> bool:
        return region in self._unconnected or pause.lasts(_entry(region), time.time())

    def _let_rest(self, region: str) -> None:
        self._unconnected.add(region)
        pause.begin(_entry(region), time.time())


def _entry(region: str) -> str:
    return f"region {region}"
