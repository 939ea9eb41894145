"""One line from the keyboard: longer than the kernel's own line editing takes, in a given time, shown or not."""

import codecs
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from oidc_helper.errors import SignInNeeded

Echo = Callable[[str], None]

_POLL_S = 0.05  # Windows can only be asked whether there is a key


class Keyboard(Protocol):
    """What a terminal is typed on."""

    def read_line(self, timeout_s: float, echo: Echo) -> str | None:
        """A line without its end; None for the end of input. Raises TimeoutError, SignInNeeded."""

    def restore(self) -> None:
        """Give it back as it was found; a second call does nothing."""


if sys.platform != "win32":

    class Posix:
        """A terminal's descriptor. Kernels cut lines at 4,096 (macOS: 1,024) characters, so it reads key by key."""

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._found: Any = None

        def read_line(self, timeout_s: float, echo: Echo) -> str | None:
            """See Keyboard; control characters keep their meaning, so that ctrl-c interrupts."""
            import termios

            self._refuse_in_background()
            ends, line, decoder = (
                time.monotonic() + timeout_s,
                Line(echo),
                codecs.getincrementaldecoder("utf-8")("replace"),
            )
            self._found = termios.tcgetattr(self._descriptor)
            changed = termios.tcgetattr(self._descriptor)
            changed[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)
            try:
                while not line.over:
                    if not select.select([self._descriptor], [], [], max(0.0, ends - time.monotonic()))[0]:
                        raise TimeoutError
                    line.type(decoder.decode(os.read(self._descriptor, 1)) or "")
            except OSError as error:
                if isinstance(error, TimeoutError):
                    raise
                return None  # the terminal went away
            finally:
                self.restore()
            return line.text

        def restore(self) -> None:
            """See Keyboard."""
            import termios

            found, self._found = self._found, None
            if found:
                try:
                    termios.tcsetattr(self._descriptor, termios.TCSANOW, found)
                except termios.error:
                    return

        def _refuse_in_background(self) -> None:
            """The kernel stops background jobs that touch the keyboard, and then nothing keeps any deadline."""
            try:
                foreground = os.tcgetpgrp(self._descriptor)
            except OSError:  # it is not our controlling terminal
                return
            if foreground != os.getpgrp():
                raise SignInNeeded("a background job cannot ask")


class Windows:
    """The console, through the module `msvcrt`."""

    def __init__(self, system: Any) -> None:
        self._system = system

    def read_line(self, timeout_s: float, echo: Echo) -> str | None:
        """See Keyboard."""
        ends, line = time.monotonic() + timeout_s, Line(echo)
        while not line.over:
            if self._system.kbhit():
                key = self._system.getwch()
                if key == "\x03":
                    raise KeyboardInterrupt
                if key in "\x00\xe0":  # the first half of an arrow or function key
                    self._system.getwch()
                else:
                    line.type(key.replace("\x1a", "\x04"))
            elif time.monotonic() > ends:
                raise TimeoutError
            else:
                time.sleep(_POLL_S)
        return line.text

    def restore(self) -> None:
        """See Keyboard: it is never changed."""


def windows() -> Windows:
    """The keyboard of Windows."""
    from importlib import import_module

    return Windows(import_module("msvcrt"))


class Line:
    """A line as it is typed: backspace and ctrl-u correct it, enter ends it, ctrl-d on an empty one means None."""

    def __init__(self, echo: Echo) -> None:
        self.text: str | None = ""
        self.over = False
        self._echo = echo
        self._escape = ""

    def type(self, keys: str) -> None:
        """Take keys in the order they were hit; escape sequences, as of arrows and bracketed paste, do nothing."""
        for key in keys:
            if self.over or self._escaping(key):
                continue
            text = self.text or ""
            if key in "\r\n":
                self.over = True
            elif key == "\x04" and not text:
                self.text, self.over = None, True
            elif key in "\b\x7f" or key == "\x15":
                gone = len(text) if key == "\x15" else min(1, len(text))
                self.text = text[: len(text) - gone]
                self._echo("\b \b" * gone)
            elif key.isprintable():
                self.text = text + key
                self._echo(key)

    def _escaping(self, key: str) -> bool:
        if self._escape or key == "\x1b":
            self._escape += key
            if len(self._escape) > 1 and self._escape not in ("\x1b[", "\x1bO") and "@" <= key <= "~":
                self._escape = ""
            return True
        return False
