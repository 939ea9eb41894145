"""Questions at the terminal: a line to edit, a list to search by typing, and yes or no."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, VSplit, Window
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style

from oidc_helper.person import keyboard as keyboards
from oidc_helper.person.choice import choose
from oidc_helper.person.folding import folded
from oidc_helper.person.terminal import Terminal

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

_PATIENCE_S = 900
_MOST_ROWS = 10  # that a list shows at once
_STYLE = Style.from_dict({"question": "bold", "present": "", "chosen": "reverse", "note": ""})
# Marks at the beginning of a line, and their colours in the terminal's own palette, which suits its background.
_COLOURS = {"✓ ": 32, "✗ ": 31, "! ": 33}
_DIFF_COLOURS = {"+": 32, "-": 31, "@": 36}

Check = Callable[[str], object]
"""Raises ValueError if an answer is wrong; its text ends a sentence that begins with the subject of the question."""


class Questions:
    """A person who answers at a terminal. Ctrl-C raises KeyboardInterrupt, the end of input EOFError.

    Keys typed before a question is shown do not answer it: `discard` drops them.
    """

    def __init__(self, terminal: Terminal, keyboard: "Input", screen: "Output", discard: Callable[[], None]) -> None:
        self._terminal = terminal
        self._keyboard = keyboard
        self._screen = screen
        self._discard = discard

    def show(self, *lines: str) -> None:
        """Show lines; those with a mark are coloured."""
        parts = (part for line in lines for part in folded(line, self._terminal.columns))
        self._terminal.draw(*(self._coloured(part, _COLOURS) for part in parts))

    def show_diff(self, diff: str) -> None:
        """Show a unified diff."""
        self._terminal.draw(*(self._coloured(line, _DIFF_COLOURS) for line in diff.splitlines()))

    def ask(  # noqa: PLR0913 - what a question may have beside its words
        self,
        question: str,
        *,
        present: str = "",
        check: Check = str,
        words: Sequence[str] = (),
        may_be_empty: bool = False,
        subject: str = "",
        wanted: str = "",
        room: int = 24,
    ) -> str:
        """A line without white space at its ends; Enter alone takes the `present` answer, which is shown in brackets.

        `words` complete what is typed. An answer that the check refuses can be fetched with the up arrow; the complaint
        begins with `subject`, or with the question. `wanted` describes the answer in more words than the question. The
        person types beside the question if there is `room` for that many characters, else below it.
        """
        session: PromptSession[str] = PromptSession(
            input=self._keyboard,
            output=self._screen,
            style=_STYLE,
            completer=WordCompleter(list(words), sentence=True) if words else None,
            complete_while_typing=False,
        )
        label = f"{question} [{present}]" if present else question
        prompt = f"{label}: "
        if len(prompt) + room > self._terminal.columns:
            self.show(f"{label}:")
            prompt = "> "
        while True:
            self._drop_typed()
            answer = session.prompt([("class:question", prompt)], in_thread=False).strip() or present
            if not answer and not may_be_empty:
                self.show(f"✗ an answer is needed: {wanted or question}")
                continue
            try:
                check(answer)
            except ValueError as error:
                self.show(f"✗ {subject or question} {error}")
            else:
                return answer

    def choose(self, question: str, rows: Sequence[str], *, present: int = 0) -> int:
        """The index of the chosen row: the arrows move, typed words narrow the list, Enter chooses."""
        self._drop_typed()
        if os.environ.get("TERM") == "dumb":
            return list(rows).index(
                choose(self._terminal, f"{question}:", dict.fromkeys(rows, ""), timeout_s=_PATIENCE_S)
            )
        chosen = _List(rows, present).run(f"{question}: ", self._keyboard, self._screen)
        self.show(f"{question}: {rows[chosen]}")
        return chosen

    def decide(self, question: str, answers: Sequence[str]) -> str:
        """One of the answers; its first letter is enough, and Enter alone takes the first answer."""
        first, *others = answers
        shown = "/".join([first.capitalize(), *others])

        def check(answer: str) -> None:
            if not any(word.startswith(answer.lower()) for word in answers):
                raise ValueError(f"is {', '.join(answers[:-1])} or {answers[-1]}")

        answer = self.ask(f"{question} ({shown})", check=check, may_be_empty=True, subject="the answer", room=2).lower()
        return next(word for word in answers if word.startswith(answer))

    def _drop_typed(self) -> None:
        self._discard()
        clear_typeahead(self._keyboard)

    def _coloured(self, line: str, colours: dict[str, int]) -> str:
        colour = next((colour for mark, colour in colours.items() if line.startswith(mark)), 0)
        if not colour or os.environ.get("NO_COLOR") or not self._terminal.draws_blocks:
            return line
        mark, rest = (line, "") if colours is _DIFF_COLOURS else (line[:1], line[1:])
        return f"\x1b[{colour}m{mark}\x1b[0m{rest}"


class _List:
    """Rows, narrowed by the words of a search; one of the rows left is marked."""

    def __init__(self, rows: Sequence[str], marked: int) -> None:
        self._rows = rows
        self._left = list(range(len(rows)))
        self._place = marked
        self._search = Buffer(multiline=False, on_text_changed=lambda _: self._narrow())

    def run(self, prompt: str, keyboard: "Input", screen: "Output") -> int:
        """Let the person choose a row; returns its index."""
        keys = KeyBindings()
        for key, step in {"up": -1, "down": 1, "pageup": -_MOST_ROWS, "pagedown": _MOST_ROWS}.items():
            keys.add(key)(lambda _, step=step: self._move(step))
        keys.add("enter")(lambda event: self._left and event.app.exit(result=self._left[self._place]))
        keys.add("c-c")(lambda event: event.app.exit(exception=KeyboardInterrupt))
        keys.add("<sigint>")(lambda event: event.app.exit(exception=KeyboardInterrupt))
        keys.add("c-d")(lambda event: event.app.exit(exception=EOFError))
        label = Window(FormattedTextControl([("class:question", prompt)]), dont_extend_width=True, height=1)
        search = Window(BufferControl(self._search), height=1)
        rows = Window(
            FormattedTextControl(self._drawn, get_cursor_position=lambda: Point(0, self._place), show_cursor=False),
            height=min(_MOST_ROWS, len(self._rows)),
        )
        note = Window(FormattedTextControl(self._note), height=1)
        application: Application[int] = Application(
            layout=Layout(HSplit([VSplit([label, search]), rows, note]), focused_element=search),
            key_bindings=keys,
            style=_STYLE,
            erase_when_done=True,
            input=keyboard,
            output=screen,
        )
        return application.run()

    def _narrow(self) -> None:
        words = self._search.text.lower().split()
        self._left = [n for n, row in enumerate(self._rows) if all(word in row.lower() for word in words)]
        self._place = 0

    def _move(self, step: int) -> None:
        self._place = max(0, min(len(self._left) - 1, self._place + step))

    def _drawn(self) -> StyleAndTextTuples:
        marks = (("class:chosen", "> ") if place == self._place else ("", "  ") for place in range(len(self._left)))
        return [(style, f"{mark}{self._rows[n]}\n") for (style, mark), n in zip(marks, self._left, strict=True)]

    def _note(self) -> str:
        if not self._left:
            return "  nothing has these words"
        return f"  {len(self._left)} of {len(self._rows)}: type to search, Enter takes"


@contextmanager
def questions(terminal: Terminal) -> Iterator[Questions]:
    """Ask at the controlling terminal, not the standard streams. Raises OSError if there is none."""
    if sys.platform == "win32":
        with open("CONOUT$", "w", encoding="utf-8") as console:  # noqa: PTH123  # a device
            keys = create_input(always_prefer_tty=True)
            yield Questions(terminal, keys, create_output(console), keyboards.windows().discard)
        return
    import termios

    from prompt_toolkit.output.vt100 import Vt100_Output

    with ExitStack() as closing:
        keyboard, tty = (closing.enter_context(_device(mode)) for mode in "rw")
        screen = Vt100_Output.from_pty(tty, term=os.environ.get("TERM"))
        screen.enable_cpr = False  # it asks the terminal where the cursor is, and some never answer

        def discard() -> None:
            with suppress(termios.error):  # the terminal is gone, which the question will report
                termios.tcflush(keyboard, termios.TCIFLUSH)

        yield Questions(terminal, create_input(keyboard), screen, discard)


def _device(mode: str) -> TextIO:
    return cast("TextIO", open("/dev/tty", mode, encoding="utf-8", errors="replace"))  # noqa: PTH123
