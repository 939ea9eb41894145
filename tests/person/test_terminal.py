"""The person's terminal: questions, progress, and its state at the end."""

import os
import subprocess
import sys

import pytest
from fakes.terminals import TESTS, terminal

from oidc_helper.person import keyboard
from oidc_helper.person.keyboard import Line, WindowsKeyboard


def test_an_answer_is_shown_as_it_is_typed() -> None:
    """Backspace and ctrl-u correct it, and enter ends it."""
    with terminal("is_asked", "who? ", "30") as person:
        person.see("who? ")
        person.type("mistake\x15alicf\x7fe\r")

        assert person.outcome() == "alice"
        assert person.seen.endswith("alicf\b \be\r\n")


def test_a_hidden_answer_is_not_shown() -> None:
    with terminal("is_asked", "secret? ", "30", "hidden") as person:
        person.see("secret? ")
        person.type("hunter2\n")

        assert person.outcome() == "hunter2"
        assert person.screen == "secret? \n"


def test_a_long_answer_comes_through_whole() -> None:
    """Longer than the 4,096 characters of the kernel's own line."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type("x" * 10_000 + "\r")

        assert person.outcome() == "x" * 10_000


def test_keys_without_a_character_are_left_out() -> None:
    """And the brackets that some terminals put around pasted text."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type("\x1b[200~caf\u00e9\x1b[201~\x1b[A\x1bOB\t\x00!\r")

        assert person.outcome() == "caf\u00e9!"


@pytest.mark.parametrize(
    ("keys", "outcome"), [("\x04", None), ("abc\x04\r", "abc"), ("\r", ""), ("\x03", ["KeyboardInterrupt"])]
)
def test_ctrl_d_and_ctrl_c_end_the_question(keys: str, outcome: object) -> None:
    """Ctrl-d on an empty line is no answer, ctrl-c an interruption; the terminal is as it was."""
    with terminal("is_asked", "> ", "30") as person:
        person.see("> ")
        person.type(keys)

        assert person.outcome() == outcome


def test_ctrl_c_restores_the_terminal_of_another_thread() -> None:
    """The thread that asks knows nothing of it."""
    with terminal("is_asked_by_a_thread", "> ", "30") as person:
        person.see("> ")
        person.type("\x03")

        assert person.outcome() == ["KeyboardInterrupt"]


def test_a_question_ends_at_its_deadline() -> None:
    with terminal("is_asked", "> ", "0.1") as person:
        assert person.outcome() == ["TimeoutError"]


def test_a_background_job_cannot_ask() -> None:
    """The kernel would stop it at the keyboard for ever."""
    with terminal("is_asked_in_background", "> ", "30") as person:
        assert person.outcome() == ["SignInNeeded", "a background job cannot ask"]


def test_the_progress_line_stays_below_and_goes_away() -> None:
    """It counts the seconds, and other lines appear above it."""
    with terminal("waits", "waiting for the test") as person:
        person.see("waiting for the test, 0 s (ctrl-c to stop)")
        person.see("waiting for the test, 1 s (ctrl-c to stop)")
        person.tick()
        person.see("something else\n", "waiting for the test")
        person.tick()

        assert person.outcome() == ""
        assert person.screen == "something else\n"


def test_the_progress_line_is_cut_to_the_terminal() -> None:
    """A wrapped line could not be taken back."""
    with terminal("waits", "waiting for something with a long name", columns=20) as person:
        person.see("waiting for somethi")
        person.tick()
        person.tick()

        assert person.outcome() == ""
        assert person.screen == "something else\n"


def test_a_session_without_a_terminal_has_none() -> None:
    """Whatever its standard streams are."""
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
    """The part of msvcrt that reads a console: typed keys, one UTF-16 unit at a time."""

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
def test_the_windows_console_makes_the_same_line(keys: str, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrows and function keys come in two halves."""
    monkeypatch.setattr(keyboard, "_POLL_S", 0)
    shown: list[str] = []
    if answer is TimeoutError:
        with pytest.raises(TimeoutError):
            WindowsKeyboard(Console(keys)).read_line(0, shown.append)
    else:
        assert WindowsKeyboard(Console(keys)).read_line(30, shown.append) == answer


def test_ctrl_c_interrupts_at_the_windows_console() -> None:
    """The console hands it over as a key."""
    with pytest.raises(KeyboardInterrupt):
        WindowsKeyboard(Console("a\x03")).read_line(30, lambda _: None)


def test_nothing_after_the_end_belongs_to_a_line() -> None:
    line = Line(lambda _: None)
    line.type("first\nsecond")

    assert (line.text, line.over) == ("first", True)
