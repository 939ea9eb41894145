"""What a person sees of a program that draws on its terminal, and the answers that the person gives."""

import re
from dataclasses import dataclass

import pyte
from fakes.terminals import AtTerminal

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")


@dataclass
class Screen:
    """The screen of a terminal of so many columns."""

    terminal: AtTerminal
    columns: int
    _answered: int = 0  # characters that were there at the last answer

    @property
    def lines(self) -> list[str]:
        """All that is or was on it, line by line."""
        screen = pyte.HistoryScreen(self.columns, 50, history=10_000)
        pyte.Stream(screen).feed(self.terminal.seen)
        above = ["".join(row[at].data for at in range(self.columns)) for row in screen.history.top]
        return [line.rstrip() for line in (*above, *screen.display)]

    def see(self, *words: str) -> None:
        """Wait until these have come since the last answer, in this order."""
        pattern = re.compile(".*?".join(map(re.escape, words)), re.DOTALL)

        def came() -> bool:
            new = _ESCAPES.sub("", self.terminal.seen[self._answered :])
            return pattern.search(re.sub(r"\s+", " ", new)) is not None

        self.terminal._wait(came, words)

    def show(self, words: str) -> None:
        """Wait until a line of the screen has these."""
        self.terminal._wait(lambda: any(words in line for line in self.lines), words)

    def answer(self, question: str, keys: str = "") -> None:
        """Wait for the question, hit these keys, then Enter."""
        self.see(question)
        self._answered = len(self.terminal.seen)
        self.terminal.type(f"{keys}\r")
