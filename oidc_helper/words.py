"""Text from outside in our messages: makes it printable, shortens it, and finds the nearest known word."""

from collections.abc import Iterable, Sequence

_LONGEST_LINE = 300  # characters of somebody else's text in one of our messages
_LONGEST_VALUE = 24  # characters: enough to recognise a value, too few to use a secret pasted in the wrong place
_FEW = 8  # names in one line
_TOML_TYPES = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    list: "an array",
    dict: "a table",
}


def printable(text: str, longest: int = _LONGEST_LINE) -> str:
    """Somebody else's text as one line: cut if long; characters that control a terminal or reorder text are escaped."""
    cut = text[:longest]  # a server may send a megabyte
    escaped = "".join(map(_in_one_line, cut))
    return escaped if len(escaped) <= longest and cut == text else escaped[: longest - 1] + "…"


def shown(text: str, longest: int = _LONGEST_VALUE) -> str:
    """The beginning of the text in quotes, as it was typed; characters that control a terminal are escaped."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return f"'{''.join(map(_as_typed, cut))}'"


def toml_type(value: object) -> str:
    """TOML's name for the value's type, with its article."""
    return _TOML_TYPES.get(type(value), "a date or time")


def listed(words: Iterable[str]) -> str:
    """The words in quotes, as a choice: "a", "b" or "c"."""
    *others, last = (f'"{word}"' for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def few(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if names[_FEW:] else ""
    return ", ".join(names[:_FEW]) + more


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?` with the nearest known word; empty if none is near."""
    suggestion = nearest(word, known)
    return f", did you mean {suggestion}?" if suggestion else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest known word; empty if none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(word[:100], known, n=1)), "")


def _in_one_line(character: str) -> str:
    return " " if character in "\n\t" else _as_typed(character)


def _as_typed(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
