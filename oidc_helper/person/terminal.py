"""The terminal where a person reads, answers and waits; independent of the standard streams."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from oidc_helper.person.folding import folded

if TYPE_CHECKING:
    from oidc_helper.person.keyboard import Keyboard


def has_terminal() -> bool:
    """Whether this process has a controlling terminal, even if the standard streams lead elsewhere."""
    try:
        Terminal.open().close()
    except OSError:
        return False
    return True


class Terminal:
    """A person's screen and keyboard; the main thread uses it as a context manager, which restores the terminal.

    Without a keyboard it cannot ask. Other threads may show lines and wait meanwhile.
    """

    def __init__(self, screen: TextIO, keyboard: "Keyboard | None" = None) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._moving = screen.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.RLock()  # a signal may close it while the same thread writes
        self._has_asked = False
        self._progress = ""
        self._waits: list[tuple[Callable[[], str], float]] = []  # only the last, the innermost, is shown
        self.was_used = False  # whether a person has seen any line

    @classmethod
    def open(cls) -> Self:
        """The controlling terminal. Raises OSError if there is none."""
        from oidc_helper.person import keyboard

        if sys.platform == "win32":
            return cls(open("CONOUT$", "w", encoding="utf-8"), keyboard.windows())  # noqa: PTH123  # a device
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        return cls(open(descriptor, "w", errors="replace"), keyboard.PosixKeyboard(descriptor))  # noqa: PTH123

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the progress line, drop unread input, restore the keyboard, and close the screen."""
        if self._screen.closed:
            return
        self._draw("")
        if self._keyboard and self._has_asked:
            self._keyboard.discard()
            self._keyboard.restore()
        with suppress(OSError):
            self._screen.close()

    @property
    def columns(self) -> int:
        """The width in characters."""
        try:
            return os.get_terminal_size(self._screen.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    @property
    def draws_blocks(self) -> bool:
        """Whether it is a real terminal with block characters and colours."""
        return (
            self._moving
            and sys.platform != "win32"
            and (self._screen.encoding or "").lower().replace("-", "") == "utf8"
        )

    def show(self, *lines: str) -> None:
        """Write lines, folded to the terminal's width; text from outside must be `printable` already."""
        self.draw(*(part for line in lines for part in folded(line, self.columns)) if self._screen.isatty() else lines)

    def draw(self, *lines: str) -> None:
        """Write lines as they are."""
        self.was_used = True
        with self._lock:
            self._write(self._clear() + "".join(f"{line}\n" for line in lines) + self._progress)

    def ask(self, prompt: str, *, timeout_s: float, hidden: bool = False) -> str | None:
        """A line that the person types or pastes; None at the end of input. Raises TimeoutError, SignInNeeded."""
        if self._keyboard is None:
            return None
        self._waits.append((str, time.monotonic()))  # no progress line moves while somebody types
        self._draw("")
        self._has_asked = True
        self._write(prompt)
        try:
            return self._keyboard.read_line(timeout_s, (lambda _: None) if hidden else self._write)
        finally:
            self._write("\n")
            self._waits.pop()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show `what` and the seconds so far until the block ends; a wait inside another hides the outer one."""
        if not self._moving:
            self.show(what)
            yield
            return
        with self.watching(lambda: what):
            yield

    @contextmanager
    def watching(self, what: Callable[[], str]) -> Iterator[None]:
        """The same for a text that changes; on a screen that cannot erase a line, show nothing."""
        self._waits.append((what, time.monotonic()))
        done = threading.Event()
        thread = threading.Thread(target=self._count, args=(len(self._waits), done), name="progress", daemon=True)
        if self._moving:
            thread.start()
        try:
            yield
        finally:
            self._waits.pop()
            done.set()
            if self._moving:
                thread.join()
                self._draw("")

    def _count(self, depth: int, done: threading.Event) -> None:
        what, began = self._waits[depth - 1]
        while True:
            if len(self._waits) == depth:
                self._draw(f"{what()}, {time.monotonic() - began:.0f} s (ctrl-c to stop)"[: self.columns - 1])
            if done.wait(1):
                return

    def _draw(self, progress: str) -> None:
        with self._lock:
            self._write(self._clear() + progress)
            self._progress = progress

    def _clear(self) -> str:
        """The characters that erase the progress line; Windows consoles know no escape sequences by default."""
        return f"\r{' ' * (self.columns - 1)}\r" if self._progress else ""

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that is gone is no reason to stop
            self._screen.write(text)
            self._screen.flush()
