"""The problems of a configuration: each with its file and line, and any number of them as one error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.layers import Layer, Place, layer_of
from oidc_helper.settings.lines import KeyPath, line_of
from oidc_helper.words import did_you_mean, printable

MOST = 50  # problems in one message


class Problem(NamedTuple):
    """One problem; `text` also names the key and its line, or the file for a problem without a key, of a whole file.

    An empty `hint` stands for the usual one.
    """

    file: str
    key: KeyPath
    line: int
    text: str
    hint: str = ""

    @property
    def message(self) -> str:
        """The problem in one line, with its file."""
        return f"{printable(self.file)}: {self.text}" if self.key else self.text


@dataclass
class Problems:
    """The problems of these layers that have been added so far."""

    layers: Sequence[Layer]
    _problems: dict[Problem, None] = field(default_factory=dict)

    def add(self, key: KeyPath, text: str, *, written: KeyPath = (), layer: Layer | None = None) -> None:
        """Add a problem of a key; `written` is the key whose line to name, if the value is written under another key.

        Without a `layer`, it is the one that has the key.
        """
        layer = layer or layer_of(self.layers, written or key)
        place = Place(layer.path, key, line_of(layer.lines, written or key) or 0)
        self._problems[Problem(layer.path, key, place.line, printable(f"{place}: {text}"))] = None

    def advice(self, word: str, known: Iterable[str]) -> str:
        """`did_you_mean`, but empty once there are too many to show: in a long file it would take minutes."""
        return "" if self.are_many else did_you_mean(word, known)

    @property
    def are_many(self) -> bool:
        """Whether there are more than one message holds."""
        return len(self._problems) > MOST

    @property
    def in_order(self) -> list[Problem]:
        """All problems, in the order of files and lines."""
        order = {layer.path: position for position, layer in enumerate(self.layers)}
        return sorted(self._problems, key=lambda problem: (order[problem.file], problem.line))


def wrong(problems: Sequence[Problem]) -> WrongSettings:
    """One error for all the problems, with a list for each file."""
    message, lines = [], []
    for file, of_file in groupby(problems[:MOST], key=lambda problem: problem.file):
        of_keys = [problem for problem in of_file if problem.key]
        whole = [problem.text for problem in problems if problem.file == file and not problem.key]
        message += whole
        lines += whole
        if of_keys:
            texts = [problem.text for problem in of_keys]
            message.append(f"{printable(file)}: {'; '.join(texts)}")
            lines += [f"{printable(file)}:", *(f"  {text}" for text in texts)]
    if problems[MOST:]:
        message.append("and more")
        lines.append("  and more")
    hints = [problem.hint for problem in problems if problem.hint]
    files = " and ".join(dict.fromkeys(printable(problem.file) for problem in problems[:MOST]))
    return WrongSettings(
        "; ".join(message),
        hints[0] if hints else _usual_hint(files),
        lines=lines if len(problems) > 1 else (),
    )


def wrong_file(path: str, text: str) -> WrongSettings:
    """An error of a whole file: it begins with the file's path, and its hint names the manual."""
    where = printable(path)
    return WrongSettings(where + text, _usual_hint(where))


def _usual_hint(files: str) -> str:
    return f"edit {files}; for every key: oidc-helper help config"
