"""The problems of a configuration file, collected into one error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.lines import KeyPath, line_of
from oidc_helper.words import printable, shown

_MOST = 50  # problems in one message
_LONGEST_NAME = 64


@dataclass
class Problems:
    """The problems of the file at `path`, as far as it has been checked."""

    path: str
    lines: Mapping[KeyPath, int]
    _lines_of_texts: dict[str, int] = field(default_factory=dict)

    def add(self, key: KeyPath, text: str, written: KeyPath = ()) -> None:
        """Add a problem of a key; `written` is the key whose line is named, where the value stands with another one.

        Raises WrongSettings once there are too many to go on.
        """
        line = line_of(self.lines, written or key) or 0
        place = f"{dotted(key)} (line {line})" if line else dotted(key)
        self._lines_of_texts.setdefault(printable(f"{place}: {text}"), line)
        if len(self._lines_of_texts) > _MOST:
            self.report()

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return bool(self._lines_of_texts)

    def report(self) -> None:
        """Raise WrongSettings if there is any problem."""
        if not self.found:
            return
        texts = sorted(self._lines_of_texts, key=lambda text: self._lines_of_texts[text])
        if len(texts) > _MOST:
            texts[_MOST:] = ["and more"]
        raise wrong_file(self.path, ": ", *texts)


def wrong_file(path: str, text: str, *problems: str) -> WrongSettings:
    """An error that begins with the file's path, and whose hint names the manual; several problems are a list."""
    where = printable(path)
    return WrongSettings(
        where + text + "; ".join(problems),
        f"edit {where}; for every key: oidc-helper help config",
        lines=[f"{where}:", *(f"  {problem}" for problem in problems)] if len(problems) > 1 else (),
    )


def dotted(key: KeyPath) -> str:
    """The key's path as TOML writes it; a part that is no plain name is quoted, escaped and shortened."""
    return ".".join(
        part if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_LONGEST_NAME}}}", part) else shown(part, _LONGEST_NAME)
        for part in key
    )
