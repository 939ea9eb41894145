"""A line from the keyboard: within a deadline, shown or hidden, and longer than the kernel's line editing allows."""

import codecs
import os
import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from oidc_helper.errors import SignInNeeded

Show = Callable[[str], None]
"""Shows typed characters, or removes some from the screen."""

_QUIET_S, _LONGEST_PASTE_S = 0.1, 2  # terminals send a long paste in parts
_POLL_S = 0.05  # Windows only says whether a key was hit


class Keyboard(Protocol):
    """The keyboard of a terminal."""

    def read_line(self, timeout_s: float, show: Show) -> str | None:
        """A line without its line end; None at the end of input. Raises TimeoutError, SignInNeeded."""

    def restore(self) -> None:
        """Put the terminal's settings back; a second call does nothing."""

    def discard(self) -> None:
        """Drop unread input: a shell would take the rest of a paste for commands."""


if sys.platform != "win32":
    import termios

    class PosixKeyboard:
        """The keyboard of a terminal, read key by key: kernels cut lines at 4,096 characters (macOS: 1,024)."""

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._settings: Any = None  # the terminal's own, while a line is read

        def read_line(self, timeout_s: float, show: Show) -> str | None:
            """See Keyboard; control characters keep their meaning, so ctrl-c interrupts."""
            self._refuse_in_background()
            ends, line = time.monotonic() + timeout_s, Line(show)
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._settings = termios.tcgetattr(self._descriptor)
            self._read_keys()
            try:
                while not line.over:
                    if not select.select([self._descriptor], [], [], max(0.0, ends - time.monotonic()))[0]:
                        raise TimeoutError
                    line.type(decoder.decode(os.read(self._descriptor, 1)) or "")
            except OSError as error:
                if isinstance(error, TimeoutError):
                    raise
                return None  # the terminal is gone
            finally:
                self.restore()
            return line.text

        def restore(self) -> None:
            """See Keyboard."""
            settings, self._settings = self._settings, None
            if settings:
                try:
                    termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)
                except termios.error:
                    return

        def discard(self) -> None:
            """See Keyboard."""
            ends = time.monotonic() + _LONGEST_PASTE_S
            with suppress(OSError, SignInNeeded, termios.error):  # the terminal is gone, or another job has it
                self._refuse_in_background()
                settings = termios.tcgetattr(self._descriptor)
                self._read_keys()
                while time.monotonic() < ends and select.select([self._descriptor], [], [], _QUIET_S)[0]:
                    if not os.read(self._descriptor, 65_536):
                        break
                termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)

        def _read_keys(self) -> None:
            """Let the terminal hand over each key as it is typed, without showing it."""
            changed = termios.tcgetattr(self._descriptor)
            changed[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)

        def _refuse_in_background(self) -> None:
            """Raise SignInNeeded in a background job: the kernel would stop it, and nothing would keep the deadline."""
            try:
                foreground = os.tcgetpgrp(self._descriptor)
            except OSError:  # it is not our controlling terminal
                return
            if foreground != os.getpgrp():
                raise SignInNeeded("a background job cannot ask")


class WindowsKeyboard:
    """The console, through the module `msvcrt`."""

    def __init__(self, system: Any) -> None:
        self._system = system

    def read_line(self, timeout_s: float, show: Show) -> str | None:
        """See Keyboard."""
        ends, line = time.monotonic() + timeout_s, Line(show)
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
        """See Keyboard: the console's settings never change."""

    def discard(self) -> None:
        """See Keyboard."""
        while self._system.kbhit():
            self._system.getwch()


def windows() -> WindowsKeyboard:
    """The keyboard of this Windows machine."""
    from importlib import import_module

    return WindowsKeyboard(import_module("msvcrt"))


class Line:
    """A line while it is typed: backspace and ctrl-u correct it, enter ends it, ctrl-d on an empty line means None."""

    def __init__(self, show: Show) -> None:
        self.text: str | None = ""
        self.over = False
        self._show = show
        self._escape = ""

    def type(self, keys: str) -> None:
        """Apply keys in order; escape sequences, such as those of arrows and bracketed paste, are ignored."""
        for key in keys:
            if self.over or self._escaping(key):
                continue
            text = self.text or ""
            if key in "\r\n":
                self.over = True
            elif key == "\x04" and not text:
                self.text, self.over = None, True
            elif key in "\b\x7f" or key == "\x15":
                removed = len(text) if key == "\x15" else min(1, len(text))
                self.text = text[: len(text) - removed]
                self._show("\b \b" * removed)
            elif key.isprintable():
                self.text = text + key
                self._show(key)

    def _escaping(self, key: str) -> bool:
        if self._escape or key == "\x1b":
            self._escape += key
            if len(self._escape) > 1 and self._escape not in ("\x1b[", "\x1bO") and "@" <= key <= "~":
                self._escape = ""
            return True
        return False
