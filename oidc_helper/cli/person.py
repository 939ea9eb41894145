"""The person whom a command may ask; the terminal is opened on first use and closed by the main thread."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from oidc_helper.fetch.proofs import Asking
from oidc_helper.person.terminal import Terminal

if TYPE_CHECKING:
    from oidc_helper.person.person import Person, Way

_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")  # ctrl-c is an exception already; Windows lacks the last two
_PATIENCE_S = 900  # codes of providers are good for 10 to 15 minutes, and a second factor may lie in another room


@contextmanager
def asking_at_login(*, way: "Way | None", force: bool) -> Iterator[Asking]:
    """Ask a person who came to sign in, and may take long; without a terminal, on stderr."""
    with ExitStack() as closing, _closed_by_signals(closing):
        yield Asking(cache(partial(_person, _terminal_or_stderr, closing)), way, force, force, _PATIENCE_S)


@contextmanager
def asking_at_get() -> Iterator[Asking]:
    """Ask a person at a terminal, whose program waits for credentials."""
    with ExitStack() as closing, _closed_by_signals(closing):
        yield Asking(cache(partial(_person, Terminal.open, closing)))


@contextmanager
def _closed_by_signals(closing: ExitStack) -> Iterator[None]:
    """Leave the terminal as it was, then end as each signal that ends a program would have it; ignored ones stay so."""

    def end(number: int, _frame: object) -> None:
        closing.close()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    ending = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    ours = [number for number in ending if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _person(open_terminal: Callable[[], Terminal], closing: ExitStack) -> "Person":
    from oidc_helper.person.person import Person

    return Person(closing.enter_context(open_terminal()))


def _terminal_or_stderr() -> Terminal:
    try:
        return Terminal.open()
    except OSError:
        return Terminal(os.fdopen(os.dup(2), "w", errors="replace"))
