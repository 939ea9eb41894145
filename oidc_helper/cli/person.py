"""The person whom a command may ask; the terminal is opened on first use and closed by the main thread."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from oidc_helper.fetch.proofs import Asking
from oidc_helper.person.terminal import Terminal

if TYPE_CHECKING:
    from oidc_helper.person.person import Person, Way

_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")  # ctrl-c is an exception already; Windows lacks the last two
_MOMENT_S = 0.05  # for a destructor to end
_PATIENCE_S = 900  # a provider's codes are valid for 10 to 15 minutes, and a second factor may be in another room


@contextmanager
def asking_at_login(*, way: "Way | None", force: bool) -> Iterator[Asking]:
    """Ask a person who came to sign in and may take a long time; without a terminal, ask on stderr."""
    with ExitStack() as closing, _closed_by_signals(closing):
        yield Asking(cache(partial(_person, _terminal_or_stderr, closing)), way, force, force, _PATIENCE_S)


@contextmanager
def asking_at_get() -> Iterator[Asking]:
    """Ask a person at a terminal while a program waits for credentials."""
    with ExitStack() as closing, _closed_by_signals(closing):
        yield Asking(cache(partial(_person, Terminal.open, closing)))


class _Ended(KeyboardInterrupt):
    """A signal that ends a program, as a KeyboardInterrupt: event loops let no other exception through."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def ending_by_exceptions() -> Iterator[None]:
    """If a signal ends the block, let it clean up by an exception first; then end by that signal."""

    def end(number: int, _frame: object) -> None:
        raise _Ended(number)

    with _handled(end), _never_lost():
        try:
            yield
        except _Ended as ended:
            signal.signal(ended.number, signal.SIG_DFL)
            signal.raise_signal(ended.number)


@contextmanager
def _never_lost() -> Iterator[None]:
    """Send a signal again if its exception was raised in a destructor, where Python ignores exceptions."""
    former = sys.unraisablehook

    def again(lost: "sys.UnraisableHookArgs") -> None:
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            former(lost)
            return
        number = lost.exc_value.number if isinstance(lost.exc_value, _Ended) else signal.SIGINT
        # On Windows, os.kill would end the process; elsewhere, it wakes the main thread from a waiting call.
        send = signal.raise_signal if sys.platform == "win32" else partial(os.kill, os.getpid())
        threading.Timer(_MOMENT_S, send, [number]).start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = former


@contextmanager
def _closed_by_signals(closing: ExitStack) -> Iterator[None]:
    """On a signal that ends a program, restore the terminal, then end by that signal."""

    def end(number: int, _frame: object) -> None:
        closing.close()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    with _handled(end):
        yield


@contextmanager
def _handled(end: Callable[[int, object], None]) -> Iterator[None]:
    """Handle the signals that end a program; ignored signals stay ignored."""
    ending = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    handled = [number for number in ending if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _person(open_terminal: Callable[[], Terminal], closing: ExitStack) -> "Person":
    from oidc_helper.person.person import Person

    return Person(closing.enter_context(open_terminal()))


def _terminal_or_stderr() -> Terminal:
    try:
        return Terminal.open()
    except OSError:
        return Terminal(os.fdopen(os.dup(2), "w", errors="replace"))
