"""The person who signs in, reduced to what a sign-in needs: a terminal, a browser, and a clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from oidc_helper.person import browser
from oidc_helper.person.terminal import Terminal

Way = Literal["browser", "device", "paste"]
"""How a person signs in: with a browser here, a code on another device, or an address to paste."""


@dataclass(frozen=True)
class Person:
    """A person at a terminal; tests replace each part. `clock` and `sleep` are in seconds."""

    terminal: Terminal
    open_browser: Callable[[str], bool] = browser.open_browser
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
