"""A program beside us, which ends before we do: its terminal, signals and end are as if it had taken our place.

It stays in our process group, as what stands beside us in a pipeline does: the keyboard's signals reach it from the
terminal, and all other signals from us.
"""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from oidc_helper.handover import program

_OF_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGTSTP")
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


def end_as(signal_number: int) -> None:
    """End as a signal ended the program: a shell tells that from an exit code."""
    with suppress(OSError):  # SIGKILL has no other meaning
        signal.signal(signal_number, signal.SIG_DFL)
    signal.raise_signal(signal_number)


if sys.platform == "win32":

    def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a program to its end: its exit code. Raises OidcHelperError."""
        return program.become(words, environment)

else:

    def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a program to its end: its exit code, or the negative number of the signal that ended it.

        Where it stops, as at ctrl-z, we stop too, so that the shell has the terminal. Raises OidcHelperError.
        """
        with _signals() as coming:
            try:
                child = os.posix_spawnp(words[0], list(words), dict(environment), setsigdef=program.ignored_by_python())
            except (OSError, ValueError) as error:
                raise program.not_run(words[0], error) from None
            for number in coming:
                if number == signal.SIGCHLD:
                    if (ended := _after_change(child)) is not None:
                        return ended
                elif not (number.name in _OF_KEYBOARD and _foreground() == os.getpgrp()):
                    with suppress(ProcessLookupError):
                        os.kill(child, number)
        raise AssertionError  # signals do not run out

    def _after_change(child: int) -> int | None:
        """What `run` returns, once the child has ended; where it only stopped, stop likewise, and go on together.

        Without a terminal there is no shell that would continue us.
        """
        process, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if not process:
            return None
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        if _foreground() is not None:
            _stop(os.WSTOPSIG(status))
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)
        return None

    def _stop(number: int) -> None:
        """As the child did; SIGTSTP has another meaning for us otherwise. Returns when somebody continues us."""
        if number == signal.SIGSTOP:
            os.kill(os.getpid(), number)
            return
        before = signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, before)

    def _foreground() -> int | None:
        """The process group that the terminal sends the keyboard's signals to; None where there is no terminal."""
        with suppress(OSError):
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
            try:
                return os.tcgetpgrp(terminal)
            finally:
                os.close(terminal)
        return None

    @contextmanager
    def _signals() -> Iterator[Iterator[signal.Signals]]:
        """The signals that come for us or of the child; those that we were started without stay ignored.

        They come by a socket: the kernel may give them to any thread.
        """
        numbers = [signal.Signals[name] for name in ("SIGCHLD", *_OF_KEYBOARD, *_PASSED_ON)]
        ours = {number for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
        reading, writing = socket.socketpair()
        with reading, writing:
            writing.settimeout(0)  # as set_wakeup_fd asks: it may not block
            signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
            before = {number: signal.signal(number, lambda *_: None) for number in ours}
            try:
                yield (signal.Signals(number) for piece in iter(lambda: reading.recv(64), b"") for number in piece)
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)
