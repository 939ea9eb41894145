"""The person whom a command may ask: met when there is something to say, and left alone again in the main thread."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from oidc_helper.fetch.proofs import Asking
from oidc_helper.person.terminal import Terminal

if TYPE_CHECKING:
    from oidc_helper.person.person import Person, Way

_PATIENCE_S = 900  # codes of providers are good for 10 to 15 minutes, and a second factor may lie in another room


@contextmanager
def who_signs_in(*, way: "Way | None", anew: bool) -> Iterator[Asking]:
    """Somebody who came to sign in, and may take long; without a terminal, what there is to say goes to stderr."""
    with ExitStack() as leaving:
        yield Asking(cache(partial(_met, _terminal_or_stderr, leaving)), way, anew, _PATIENCE_S)


@contextmanager
def who_waits_for_a_program() -> Iterator[Asking]:
    """Somebody at a terminal, whose program has asked for credentials."""
    with ExitStack() as leaving:
        yield Asking(cache(partial(_met, Terminal.open, leaving)))


def _met(at: Callable[[], Terminal], leaving: ExitStack) -> "Person":
    from oidc_helper.person.person import Person

    return Person(leaving.enter_context(at()))


def _terminal_or_stderr() -> Terminal:
    try:
        return Terminal.open()
    except OSError:
        return Terminal(os.fdopen(os.dup(2), "w", errors="replace"))
