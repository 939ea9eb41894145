"""How messages speak of what a file holds: escaped, shortened, and with the nearest known word."""

from collections.abc import Iterable

_LONGEST = 24  # characters: enough to recognise a value, not enough to use a secret that was pasted in a wrong place
_KINDS = {str: "a string", bool: "a boolean", int: "an integer", float: "a number", list: "an array", dict: "a table"}


def shown(text: str, longest: int = _LONGEST) -> str:
    """The beginning of the text as a quoted ASCII literal."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return f"'{cut.encode('unicode_escape').decode('ascii')}'"


def kind(value: object) -> str:
    """What TOML calls a value of that type."""
    return _KINDS.get(type(value), "a date or time")


def listed(words: Iterable[str]) -> str:
    """The words in quotes, as one chooses from them: "a", "b" or "c"."""
    *others, last = (f'"{word}"' for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?` with the nearest known word, or nothing where none is near."""
    import difflib

    nearest = difflib.get_close_matches(word[:100], known, n=1)
    return f", did you mean {nearest[0]}?" if nearest else ""
