"""The human: what is shown to one, made safe for a terminal, and what one answers; never by the standard streams."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from oidc_helper.person.keyboard import Keyboard


def has_terminal() -> bool:
    """Whether there is a person's terminal behind this process, be the standard streams what they are."""
    try:
        Terminal.open().close()
    except OSError:
        return False
    return True


class Terminal:
    """Where a person looks and types; a context manager, for the main thread, that leaves the terminal as it was.

    Without a keyboard nothing can be asked. Other threads may show and wait meanwhile.
    """

    def __init__(self, screen: TextIO, keyboard: "Keyboard | None" = None) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._moving = screen.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._progress = ""
        self._waits: list[tuple[Callable[[], str], float]] = []  # the innermost is shown
        self.was_used = False  # whether a person was told anything

    @classmethod
    def open(cls) -> Self:
        """The controlling terminal. Raises OSError where there is none."""
        from oidc_helper.person import keyboard

        if sys.platform == "win32":
            return cls(open("CONOUT$", "w", encoding="utf-8"), keyboard.windows())  # noqa: PTH123  # a device
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        return cls(open(descriptor, "w", errors="replace"), keyboard.Posix(descriptor))  # noqa: PTH123

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the progress line away, give the keyboard back as it was, and let go."""
        self._draw("")
        if self._keyboard:
            self._keyboard.restore()
        with suppress(OSError):
            self._screen.close()

    @property
    def columns(self) -> int:
        """Its width in characters."""
        try:
            return os.get_terminal_size(self._screen.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    @property
    def draws_blocks(self) -> bool:
        """Whether it is a real terminal that knows block characters and colours."""
        return (
            self._moving
            and sys.platform != "win32"
            and (self._screen.encoding or "").lower().replace("-", "") == "utf8"
        )

    def show(self, *lines: str) -> None:
        """Write lines, whose foreign parts have been made `printable`."""
        self.was_used = True
        with self._lock:
            self._write(self._clear() + "".join(f"{line}\n" for line in lines) + self._progress)

    def ask(self, prompt: str, *, timeout_s: float, hidden: bool = False) -> str | None:
        """One line that the person types or pastes, None where they end it. Raises TimeoutError, SignInNeeded."""
        if self._keyboard is None:
            return None
        self._waits.append((str, time.monotonic()))  # nothing moves while somebody types
        self._draw("")
        self._write(prompt)
        try:
            return self._keyboard.read_line(timeout_s, (lambda _: None) if hidden else self._write)
        finally:
            self._write("\n")
            self._waits.pop()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show what is waited for, and for how long, until the block ends; one wait in another hides that meanwhile."""
        if not self._moving:
            self.show(what)
            yield
            return
        with self.watching(lambda: what):
            yield

    @contextmanager
    def watching(self, what: Callable[[], str]) -> Iterator[None]:
        """Show what is waited for as it changes; where no line can be taken back, nothing."""
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
        """What takes the progress line back; consoles of Windows know no escape sequences unless they are told to."""
        return f"\r{' ' * (self.columns - 1)}\r" if self._progress else ""

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that went away stops nobody
            self._screen.write(text)
            self._screen.flush()
