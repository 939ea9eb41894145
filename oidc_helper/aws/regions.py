"""The regions of one Identity Center instance: which to try first, and which next if one cannot be connected to."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from oidc_helper.aws.refusals import Unconnected
from oidc_helper.machine import pause

log = logging.getLogger("oidc_helper.aws.regions")

_T = TypeVar("_T")

FIRST_TRY_S = 3  # to connect, if another region is left to try: a lost packet is repeated after a second


class Regions:
    """Which regions this process could not connect to, beside those that other processes noted a moment ago."""

    def __init__(self) -> None:
        self._unconnected: set[str] = set()

    def in_order(self, regions: Sequence[str], *, first: str = "") -> list[str]:
        """The regions in the order to try them: `first` leads, but those that failed a moment ago come last."""
        return sorted(regions, key=lambda region: (self._is_paused(region), region != first))

    def ask(self, regions: Sequence[str], ask: Callable[[str, int], _T], *, first: str = "") -> _T:
        """Ask in the first region that can be connected to; `ask` takes it and the number of regions left to try.

        Raises the OidcHelperError of the region that was asked last.
        """
        *others, last = self.in_order(regions, first=first)
        for position, region in enumerate(others):
            try:
                return ask(region, len(others) - position)
            except Unconnected as failure:
                log.debug("trying the next region: %s", failure.message)
                self._pause(region)
        try:
            return ask(last, 0)
        except Unconnected as failure:
            if others:
                failure.message += f"; nor can {' or '.join(others)}"
            raise

    def _is_paused(self, region: str) -> bool:
        return region in self._unconnected or pause.lasts(_entry(region), time.time())

    def _pause(self, region: str) -> None:
        self._unconnected.add(region)
        pause.begin(_entry(region), time.time())


def _entry(region: str) -> str:
    return f"region {region}"
