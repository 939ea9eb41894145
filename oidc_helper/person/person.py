"""The person who signs in, as the ways to sign in see them: a terminal, a browser, and the time that they take."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from oidc_helper.person import browser
from oidc_helper.person.terminal import Terminal

Way = Literal["browser", "device", "paste"]
"""How a person takes part: a browser here, a code on another device, or an address that is pasted."""


@dataclass(frozen=True)
class Person:
    """The edges that a test puts something else in place of; `clock` and `sleep` are in seconds."""

    terminal: Terminal
    open_browser: Callable[[str], bool] = browser.open_browser
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
