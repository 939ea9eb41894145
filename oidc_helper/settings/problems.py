"""All that is wrong with a configuration file, gathered into one error."""

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
    """What has been found wrong so far in the file at `path`."""

    path: str
    lines: Mapping[KeyPath, int]
    _found: dict[str, int] = field(default_factory=dict)

    def add(self, key: KeyPath, text: str, written: KeyPath = ()) -> None:
        """Note a problem of a key; `written` is the key that holds its value, where that is another one.

        Raises WrongSettings when there are too many to go on.
        """
        line = line_of(self.lines, written or key) or 0
        place = f"{dotted(key)} (line {line})" if line else dotted(key)
        self._found.setdefault(printable(f"{place}: {text}"), line)
        if len(self._found) > _MOST:
            self.report()

    def report(self) -> None:
        """Raise WrongSettings if anything was found."""
        if not self._found:
            return
        texts = sorted(self._found, key=lambda text: self._found[text])
        if len(texts) > _MOST:
            texts[_MOST:] = ["and more"]
        raise wrong_file(self.path, ": " + "; ".join(texts))


def wrong_file(path: str, text: str) -> WrongSettings:
    """The error that begins with the file's path and hints at the manual."""
    where = printable(path)
    return WrongSettings(where + text, f"edit {where}; the man page oidc-helper-config(5) tells every key")


def dotted(key: KeyPath) -> str:
    """The key's path as it is written in TOML; whatever is not a plain name is quoted, escaped and shortened."""
    return ".".join(
        part if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_LONGEST_NAME}}}", part) else shown(part, _LONGEST_NAME)
        for part in key
    )
