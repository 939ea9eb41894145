"""The person's terminal: questions, progress, and what is left of it at the end."""

import os
import subprocess
import sys

import pytest
from fakes.terminals import TESTS, terminal

from oidc_helper.person import keyboard
from oidc_helper.person.keyboard import Line, WindowsKeyboard


def test_answer_is_seen() -> None:
    """What is typed is shown, corrected with backspace and ctrl-u, and ends with enter."""
    with terminal("is_asked", "who? ", "30") as person:
        person.see("who? ")
        person.type("mistake\x15alicf\x7fe\r")
        assert person.outcome() == "alice"
        assert person.seen.endswith("alicf\b \be\r\n")


def test_hidden_answer() -> None:
    """A hidden answer is not shown."""
    with terminal("is_asked", "secret? ", "30", "hidden") as person:
        person.see("secret? ")
        person.type("hunter2\n")
        assert person.outcome() == "hunter2"
        assert person.screen == "secret? \n"


def test_long_answer() -> None:
    """An answer longer than the kernel's own line of 4,096 characters comes through whole."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type("x" * 10_000 + "\r")
        assert person.outcome() == "x" * 10_000


def test_arrows_and_bracketed_paste() -> None:
    """Keys that are no characters, and the brackets some terminals put around what is pasted, are left out."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type("\x1b[200~caf\u00e9\x1b[201~\x1b[A\x1bOB\t\x00!\r")
        assert person.outcome() == "caf\u00e9!"


@pytest.mark.parametrize(
    ("keys", "outcome"), [("\x04", None), ("abc\x04\r", "abc"), ("\r", ""), ("\x03", ["KeyboardInterrupt"])]
)
def test_ends(keys: str, outcome: object) -> None:
    """Ctrl-d on an empty line is no answer, ctrl-c an interruption; the terminal is itself again."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type(keys)
        assert person.outcome() == outcome


def test_interrupted_thread() -> None:
    """Ctrl-c gives the terminal back although the thread that asks knows nothing of it."""
    with terminal("is_asked_by_a_thread", "> ", "30") as person:
        person.see("> ")
        person.type("\x03")
        assert person.outcome() == ["KeyboardInterrupt"]


def test_deadline() -> None:
    """Nobody is waited for without end."""
    with terminal("is_asked", "> ", "0.1") as person:
        assert person.outcome() == ["TimeoutError"]


def test_background_job() -> None:
    """A job in the background does not stop for ever at the keyboard: it says that it cannot ask."""
    with terminal("is_asked_in_background", "> ", "30") as person:
        assert person.outcome() == ["SignInNeeded", "a background job cannot ask"]


def test_progress() -> None:
    """What is waited for is shown with its time, keeps below what else is shown, and is gone at the end."""
    with terminal("waits", "waiting for the test") as person:
        person.see("waiting for the test, 0 s (ctrl-c to stop)")
        person.see("waiting for the test, 1 s (ctrl-c to stop)")
        person.tick()
        person.see("something else\n", "waiting for the test")
        person.tick()
        assert person.outcome() == ""
        assert person.screen == "something else\n"


def test_narrow_terminal() -> None:
    """A line that moves is cut to the terminal's width, or it could not be taken back."""
    with terminal("waits", "waiting for something with a long name", columns=20) as person:
        person.see("waiting for somethi")
        person.tick()
        person.tick()
        assert person.outcome() == ""
        assert person.screen == "something else\n"


def test_no_terminal() -> None:
    """A process of a session without a terminal has none, whatever its standard streams are."""
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "fakes.persons", "is_there"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
    )
    os.close(ours)
    os.close(theirs)
    assert done.stdout == b"false"
    with terminal("is_there") as person:
        assert person.outcome() is True


class Console:
    """msvcrt's part of a console: keys that were hit, one UTF-16 unit at a time."""

    def __init__(self, keys: str) -> None:
        self.keys = list(keys)

    def kbhit(self) -> bool:
        return bool(self.keys)

    def getwch(self) -> str:
        return self.keys.pop(0)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [("alice\r", "alice"), ("\xe0Hal\x00;ice\r", "alice"), ("x\byes\r", "yes"), ("\x1a", None), ("", TimeoutError)],
)
def test_windows_console(keys: str, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console's keys make the same line; arrows and function keys come in two halves."""
    monkeypatch.setattr(keyboard, "_POLL_S", 0)
    shown: list[str] = []
    if answer is TimeoutError:
        with pytest.raises(TimeoutError):
            WindowsKeyboard(Console(keys)).read_line(0, shown.append)
    else:
        assert WindowsKeyboard(Console(keys)).read_line(30, shown.append) == answer


def test_windows_console_interrupted() -> None:
    """The console hands ctrl-c over as a key."""
    with pytest.raises(KeyboardInterrupt):
        WindowsKeyboard(Console("a\x03")).read_line(30, lambda _: None)


def test_line_after_its_end() -> None:
    """What comes behind the end of a line is not part of it."""
    line = Line(lambda _: None)
    line.type("first\nsecond")
    assert (line.text, line.over) == ("first", True)
